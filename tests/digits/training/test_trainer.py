"""Training, on a few hundred made-up images."""

import hashlib
import math
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from digits.config.recipe import Recipe
from digits.models.keras_file import save
from digits.training import trainer
from digits.training.jobs import Epoch, Images, Segment, TrainingConfig
from digits.training.trainer import Diverged, Training, optimizer, schedule, train
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, config

IMAGES = stripes(160), stripes(40, seed=1), stripes(40, seed=2)
MEASURED = {"epoch", "accuracy", "loss", "validation_accuracy", "validation_loss", "validation_hard_accuracy"}


@pytest.fixture(autouse=True)
def a_slow_machine_ends_no_segment_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_CHECKPOINTS", math.inf)


def fit(of: TrainingConfig, images: Images = IMAGES) -> tuple[keras.Model, list[Epoch]]:
    training = Training(of, *images)
    return training.model, [training.epoch(number) for number in range(1, of.epochs + 1)]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_xla_compiles_no_model_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(device_type="GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: [gpu])
    assert not Training(config(), *IMAGES).model.jit_compile


def test_a_step_is_traced_once() -> None:
    training = Training(config(), *IMAGES)
    training.model.train_step = step = Mock(wraps=training.model.train_step)
    training.epoch(1)
    training.epoch(2)
    assert step.call_count == 1


def test_training_learns_and_reports_each_epoch() -> None:
    _, curve = fit(config(epochs=6), (stripes(320), stripes(80, seed=1), stripes(80, seed=1)))
    assert [epoch["epoch"] for epoch in curve] == [1, 2, 3, 4, 5, 6]
    assert curve[-1]["validation_accuracy"] > 0.9
    assert set(curve[0]) == MEASURED


def test_every_step_of_an_epoch_is_taken_also_where_steps_are_bundled() -> None:
    model, _ = fit(config(epochs=2), (stripes(32 * 17 + 5), stripes(8), stripes(8)))
    assert int(model.optimizer.iterations) == 2 * 18


def test_the_same_seed_gives_the_same_file_whoever_draws_random_numbers_meanwhile_and_another_seed_another(
    tmp_path: Path,
) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        keras.utils.set_random_seed(number)
        model, _ = fit(config(CNN.model_copy(update=AUGMENTED), seed=seed), (stripes(96), stripes(16), stripes(16)))
        save(model, tmp_path / f"{number}.keras")
        digests.append(digest(tmp_path / f"{number}.keras"))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.1 * (1 + math.cos(math.pi / 4)) / 2, 0.05, 0.0, 0.0]),
        ("one_cycle", [0.004, 0.1, 0.1 * (1 + math.cos(math.pi / 3)) / 2, 0.0, 0.0]),
    ],
)
def test_schedules_start_peak_and_end_where_they_should(kind: str, expected: list[float]) -> None:
    rate = schedule(MLP.model_copy(update={"learning_rate": 0.1, "schedule": kind}), steps=100)
    steps = (0, 25, 50, 100, 200)
    found = [rate if isinstance(rate, float) else float(rate(step)) for step in steps]
    assert found == pytest.approx(expected, abs=1e-6)


def test_weight_decay_shrinks_weights_by_rate_times_decay() -> None:
    for kind in ("adam", "sgd"):
        recipe = MLP.model_copy(update={"optimizer": kind, "learning_rate": 0.1, "weight_decay": 0.5})
        weight = keras.Variable([2.0])
        optimizer(recipe, 10).apply([tf.constant([0.0])], [weight])
        assert float(weight[0]) == pytest.approx(2.0 * (1 - 0.1 * 0.5))


def segment(of: TrainingConfig, done: int, until: int, state: bytes | None = None) -> Segment:
    return Segment(of, done, until, state, keep_model=True)


@pytest.mark.parametrize(
    "recipe", [MLP, CNN.model_copy(update=AUGMENTED | {"schedule": "one_cycle", "batch_norm": True})]
)
def test_a_training_that_goes_on_elsewhere_ends_with_the_same_bits(recipe: Recipe) -> None:
    whole = config(recipe, epochs=4)
    first = train(segment(whole, 0, 1), IMAGES)
    trainer.unfinished.clear()  # as in another process
    second = train(segment(whole, 1, 4, first.state), IMAGES)
    at_once = train(segment(whole, 0, 4), IMAGES)
    assert first.epochs + second.epochs == at_once.epochs
    assert (second.state, second.model) == (at_once.state, at_once.model)
    assert first.model is None
    assert second.model.startswith(b"PK")


def test_a_training_that_goes_on_where_it_was_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = config(epochs=3)
    first = train(segment(whole, 0, 1), IMAGES)
    model = trainer.unfinished[0][0].model
    second = train(segment(whole, 1, 2, first.state), IMAGES)
    assert trainer.unfinished[0][0].model is model
    other_images = (*IMAGES,)[::-1]
    train(segment(whole, 2, 3, second.state), other_images)
    assert not trainer.unfinished  # another training, which has come to its end


def test_a_segment_that_takes_long_ends_after_an_epoch_so_that_little_can_be_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    result = train(segment(config(epochs=3), 0, 3), IMAGES)
    assert [epoch["epoch"] for epoch in result.epochs] == [1]
    assert (result.model, result.failure) == (None, None)


def test_a_model_is_given_only_where_one_is_wanted() -> None:
    assert train(Segment(config(epochs=1), 0, 1, None, keep_model=False), IMAGES).model is None


def test_loss_is_measured_without_smoothing_so_that_recipes_compare() -> None:
    model, curve = fit(config(MLP.model_copy(update={"label_smoothing": 0.3}), epochs=3))
    validation = IMAGES[1]
    probabilities = model.predict(validation.images, verbose=0)
    plain = -np.log(probabilities[np.arange(40), validation.labels]).mean()
    assert curve[-1]["validation_loss"] == pytest.approx(plain, abs=1e-5)
    assert set(curve[0]) == MEASURED


def test_a_training_that_diverges_fails_with_its_reason() -> None:
    wild = CNN.model_copy(update={"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0})
    result = train(segment(config(wild, epochs=20), 0, 20), IMAGES)
    assert "the loss became nan in epoch" in result.failure
    assert result.state is None


def test_a_training_whose_validation_loss_is_infinite_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(config(), *IMAGES)
    monkeypatch.setattr(training.model, "evaluate", lambda *_, **__: {"accuracy": 0.1, "loss": math.inf})
    with pytest.raises(Diverged, match="the validation loss became inf in epoch 1; lower the learning rate"):
        training.epoch(1)


@pytest.mark.parametrize("error", [MemoryError, SystemExit])
def test_a_training_that_raises_fails_with_its_reason(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(Training, "epoch", failing)
    assert train(segment(config(), 0, 1), IMAGES).failure == error.__name__
