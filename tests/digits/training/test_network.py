"""A compiled network, on a few hundred made-up images."""

import hashlib
import math
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from digits.models.keras_file import save
from digits.training.images import Images
from digits.training.jobs import Epoch, TrainingConfig
from digits.training.network import Diverged, Network, optimizer, schedule
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, config

IMAGES = stripes(160), stripes(40, seed=1), stripes(40, seed=2)
METRICS = {"epoch", "accuracy", "loss", "validation_accuracy", "validation_loss", "validation_corrupted_accuracy"}


def fit(of: TrainingConfig, images: Images = IMAGES) -> tuple[keras.Model, list[Epoch]]:
    network = Network(of, images)
    return network.model, [epoch(network, number) for number in range(1, of.epochs + 1)]


def epoch(network: Network, number: int) -> Epoch:
    return network.evaluate(number, network.model.fit(network.batches(number), shuffle=False, verbose=0).history)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_xla_compiles_no_model_where_there_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(device_type="GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: [gpu])
    assert not Network(config(), IMAGES).model.jit_compile


def test_a_step_is_traced_once() -> None:
    network = Network(config(), IMAGES)
    network.model.train_step = step = Mock(wraps=network.model.train_step)
    epoch(network, 1)
    epoch(network, 2)
    assert step.call_count == 1


def test_training_learns_and_reports_each_epoch() -> None:
    _, curve = fit(config(epochs=6), (stripes(320), stripes(80, seed=1), stripes(80, seed=1)))
    assert [epoch["epoch"] for epoch in curve] == [1, 2, 3, 4, 5, 6]
    assert curve[-1]["validation_accuracy"] > 0.9
    assert set(curve[0]) == METRICS


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


def test_loss_is_measured_without_smoothing_so_that_recipes_compare() -> None:
    model, curve = fit(config(MLP.model_copy(update={"label_smoothing": 0.3}), epochs=3))
    validation = IMAGES[1]
    probabilities = model.predict(validation.images, verbose=0)
    plain = -np.log(probabilities[np.arange(40), validation.labels]).mean()
    assert curve[-1]["validation_loss"] == pytest.approx(plain, abs=1e-5)
    assert set(curve[0]) == METRICS


def test_a_training_whose_validation_loss_is_infinite_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(config(), IMAGES)
    monkeypatch.setattr(network.model, "evaluate", lambda *_, **__: {"accuracy": 0.1, "loss": math.inf})
    with pytest.raises(Diverged, match="the validation loss became inf in epoch 1; lower the learning rate"):
        epoch(network, 1)
