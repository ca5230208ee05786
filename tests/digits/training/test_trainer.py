"""Training, its parts and its file, on a few hundred made-up images."""

import hashlib
import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from digits.training.augment import augment
from digits.training.feed import in_order

from digits.common.errors import UserError
from digits.data.dataset import Split
from digits.families.cnn import Hyperparameters as Cnn
from digits.families.mlp import Hyperparameters as Mlp
from digits.models.build import build, multiply_adds
from digits.models.keras_file import load, save
from digits.models.recipe import Recipe
from digits.params.schema import Runtime
from digits.training.batches import batches
from digits.training.jobs import Segment, TrainingConfig
from digits.training.trainer import Training, optimizer, run, schedule, train
from tests.images import stripes

CONSTANT = {"learning_rate": 0.001, "schedule": "constant", "weight_decay": 0.0}
SHOWN = {"batch_size": 32, "label_smoothing": 0.0}
PLAIN = {"optimizer": "adam", "shift": 0.0, "rotate": 0.0, "zoom": 0.0, "shear": 0.0} | CONSTANT | SHOWN
CNN = Cnn(
    blocks=2, convolutions=1, filters=32, kernel=3, stem_stride=1, batch_norm=False, dense=128, dropout=0.5, **PLAIN
)
MLP = Mlp(layers=1, units=32, batch_norm=True, dropout=0.2, **PLAIN)
MOVED = {"shift": 0.1, "rotate": 10.0, "zoom": 0.1, "shear": 0.1}


def job(recipe: Recipe = MLP, epochs: int = 2, seed: int = 1) -> TrainingConfig:
    family, machine = "cnn" if isinstance(recipe, Cnn) else "mlp", Runtime(threads=2, onednn=True)
    return TrainingConfig(family, recipe, epochs, seed, classes=4, runtime=machine)


def ignore(_: object) -> None:
    pass


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_baseline_cnn_is_the_one_people_know() -> None:
    model = build("cnn", CNN, (28, 28, 1), 10, seed=1)
    assert model.count_params() == 225_034
    assert multiply_adds(model) == 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1600 * 128 + 128 * 10


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 3), (5, 40, 1), (8, 8, 3), (64, 48, 3)])
@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_a_network_fits_images_of_any_shape_and_number_of_classes(family: str, shape: tuple[int, int, int]) -> None:
    recipe = MLP if family == "mlp" else CNN.model_copy(update={"blocks": 3, "kernel": 5, "filters": 2})
    model = build(family, recipe, shape, 7, seed=1)
    answers = model.predict(np.full((3, *shape), 200, dtype=np.uint8), verbose=0)
    assert answers.shape == (3, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


def test_training_learns_and_reports_each_epoch() -> None:
    seen = []
    _, curve = train(job(epochs=6), stripes(320), stripes(80, seed=1), seen.append)
    assert seen == curve
    assert [epoch["epoch"] for epoch in curve] == [1, 2, 3, 4, 5, 6]
    assert curve[-1]["validation_accuracy"] > 0.9
    assert set(curve[0]) == {"epoch", "accuracy", "loss", "validation_accuracy", "validation_loss"}


def test_every_step_of_an_epoch_is_taken_also_where_steps_are_bundled() -> None:
    model, _ = train(job(epochs=2), stripes(32 * 17 + 5), stripes(8), ignore)
    assert int(model.optimizer.iterations) == 2 * 18


@pytest.mark.parametrize("recipe", [MLP.model_copy(update=MOVED), CNN.model_copy(update=MOVED)])
def test_the_same_seed_gives_the_same_file_and_another_seed_another(recipe: Recipe, tmp_path: Path) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        model, _ = train(job(recipe, seed=seed), stripes(96), stripes(16), ignore)
        save(model, tmp_path / f"{number}.keras")
        digests.append(digest(tmp_path / f"{number}.keras"))
    assert digests[0] == digests[1] != digests[2]


def test_a_saved_model_gives_the_same_answers_and_holds_no_optimizer(tmp_path: Path) -> None:
    model, _ = train(job(), stripes(96), stripes(16), ignore)
    save(model, tmp_path / "model.keras")
    images = stripes(50, seed=3).images
    again = load(tmp_path / "model.keras")
    assert not again.compiled
    np.testing.assert_array_equal(model.predict(images, verbose=0), again.predict(images, verbose=0))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_broken_model_file_is_one_clear_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.keras cannot be read as a model .*`dvc repro` makes it again"):
        load(tmp_path / "model.keras")


def test_a_missing_model_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.keras cannot be read as a model"):
        load(tmp_path / "gone.keras")


def orders(seed: int, epochs: int = 3) -> list[list[int]]:
    numbered = Split(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100, dtype=np.int32))
    epoch = batches(numbered, MLP, seed)
    return [[int(label) for _, labels in epoch(number) for label in labels] for number in range(epochs)]


def test_each_epoch_shows_each_image_once_in_a_new_order() -> None:
    first, second, third = orders(seed=1)
    assert sorted(first) == sorted(second) == sorted(third) == list(range(100))
    assert first != second != third != first


def test_no_epoch_waits_for_tensorflows_tuner_to_wake() -> None:
    split = stripes(64)
    for each in (batches(split, MLP, 1)(1), in_order(16, split.images)):
        assert each.options().autotune.enabled is False


def test_the_order_is_the_seeds() -> None:
    assert orders(seed=1) == orders(seed=1) != orders(seed=2)


def test_labels_stay_with_their_images() -> None:
    split = stripes(200)
    for images, labels in batches(split, MLP, 1)(1):
        assert (images.numpy().mean(axis=(2, 3)).argmax(axis=1) == 2 + 2 * labels.numpy()).all()


KEY = tf.constant([1, 2])


def test_augmentation_by_nothing_changes_nothing() -> None:
    images = stripes(8).images
    np.testing.assert_allclose(augment(tf.constant(images), MLP, KEY), images, atol=1e-3)


@pytest.mark.parametrize("kind", MOVED)
def test_each_augmentation_moves_pixels_and_keeps_their_range(kind: str) -> None:
    images = stripes(8).images
    moved = augment(tf.constant(images), MLP.model_copy(update={kind: MOVED[kind]}), KEY).numpy()
    assert np.abs(moved - images).max() > 1
    assert images.min() - 1e-3 <= moved.min() <= moved.max() <= images.max() + 1e-3


def test_a_shift_never_exceeds_its_limit() -> None:
    images = np.zeros((500, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    moved = augment(tf.constant(images), MLP.model_copy(update={"shift": 0.1}), KEY).numpy()[..., 0]
    weight = moved.sum(axis=(1, 2))
    down = (moved.sum(axis=2) * np.arange(21)).sum(axis=1) / weight - 10
    assert 1.5 < np.abs(down).max() <= 2.1 + 1e-3
    assert np.abs(down.mean()) < 0.2


def test_a_rotation_keeps_the_middle_where_it_is() -> None:
    images = np.zeros((50, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    turned = augment(tf.constant(images), MLP.model_copy(update={"rotate": 90.0}), KEY).numpy()
    np.testing.assert_allclose(turned[:, 10, 10, 0], 255, atol=0.1)


def test_each_image_of_a_batch_moves_its_own_way_and_repeatably() -> None:
    images = tf.repeat(stripes(1).images, 2, axis=0)
    recipe = MLP.model_copy(update=MOVED)
    first, again = augment(images, recipe, KEY).numpy(), augment(images, recipe, KEY).numpy()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.05, 0.0, 0.0]),
        ("one_cycle", [0.004, 0.1 * (1 + math.cos(math.pi / 3)) / 2, 0.0, 0.0]),
    ],
)
def test_schedules_start_peak_and_end_where_they_should(kind: str, expected: list[float]) -> None:
    rate = schedule(MLP.model_copy(update={"learning_rate": 0.1, "schedule": kind}), steps=100)
    steps = (0, 50, 100, 200)
    found = [rate if isinstance(rate, float) else float(rate(step)) for step in steps]
    assert found == pytest.approx(expected, abs=1e-6)


def test_one_cycle_peaks_after_a_quarter() -> None:
    rate = schedule(MLP.model_copy(update={"learning_rate": 0.1, "schedule": "one_cycle"}), steps=100)
    assert float(rate(25)) == pytest.approx(0.1)
    assert max(float(rate(step)) for step in range(100)) == pytest.approx(0.1)


def test_weight_decay_shrinks_weights_by_rate_times_decay() -> None:
    for kind in ("adam", "sgd"):
        recipe = MLP.model_copy(update={"optimizer": kind, "learning_rate": 0.1, "weight_decay": 0.5})
        weight = keras.Variable([2.0])
        optimizer(recipe, 10).apply([tf.constant([0.0])], [weight])
        assert float(weight[0]) == pytest.approx(2.0 * (1 - 0.1 * 0.5))


def leg(of: TrainingConfig, done: int, until: int, state: bytes | None = None) -> Segment:
    return Segment(0, of, done, until, state)


def test_a_leg_tells_of_each_epoch() -> None:
    seen = []
    ran = run(leg(job(epochs=3), 0, 2), stripes(160), stripes(40, seed=1), seen.append)
    assert [epoch["epoch"] for epoch in seen] == [1, 2]
    assert (seen, None) == (ran.epochs, ran.failure)


@pytest.mark.parametrize("recipe", [MLP, CNN.model_copy(update=MOVED | {"schedule": "one_cycle", "batch_norm": True})])
def test_a_training_that_stops_and_goes_on_ends_with_the_same_bits_as_one_that_does_not(recipe: Recipe) -> None:
    images, whole = (stripes(160), stripes(40, seed=1)), job(recipe, epochs=4)
    first = run(leg(whole, 0, 1), *images, ignore)
    second = run(leg(whole, 1, 4, first.state), *images, ignore)
    at_once = run(leg(whole, 0, 4), *images, ignore)
    assert first.epochs + second.epochs == at_once.epochs
    assert second.state == at_once.state


def test_nobody_who_draws_random_numbers_meanwhile_changes_a_training() -> None:
    losses = []
    for drawn in (0, 1):
        keras.utils.set_random_seed(drawn)
        losses.append(train(job(CNN), stripes(96), stripes(16), ignore)[1])
    assert losses[0] == losses[1]


def test_loss_is_measured_without_smoothing_so_that_recipes_compare() -> None:
    smooth = MLP.model_copy(update={"label_smoothing": 0.3})
    model, curve = train(job(smooth, epochs=3), stripes(160), stripes(40, seed=1), ignore)
    validation = stripes(40, seed=1)
    answers = model.predict(validation.images, verbose=0)
    plain = -np.log(answers[np.arange(40), validation.labels]).mean()
    assert curve[-1]["validation_loss"] == pytest.approx(plain, abs=1e-5)
    assert set(curve[0]) == {"epoch", "accuracy", "loss", "validation_accuracy", "validation_loss"}


def test_a_trial_that_diverges_is_a_failed_one_with_its_reason() -> None:
    wild = CNN.model_copy(update={"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0})
    ran = run(leg(job(wild, epochs=20), 0, 20), stripes(160), stripes(40), ignore)
    assert "the loss became nan in epoch" in ran.failure
    assert ran.state is None


def test_a_trial_that_raises_is_a_failed_one_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Training, "epoch", full)
    assert run(leg(job(), 0, 1), stripes(32), stripes(8), ignore).failure == "MemoryError"
