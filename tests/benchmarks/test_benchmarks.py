"""The parts of the benchmarks that can be wrong without being slow."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import keras
import pytest
import tensorflow as tf
from benchmarks.operations import operations

from benchmarks import latency, overhead, time_to_99
from benchmarks.plain import augmented, network
from benchmarks.time_to_99 import Race
from digits.common.errors import UserError
from digits.families import hyperparameters
from digits.models.build import build
from digits.models.recipe import Recipe
from digits.params.load import check, read
from tests.images import stripes

SHAPE = (28, 28, 1)


@pytest.fixture
def recipe(project: Any) -> Callable[..., Recipe]:
    def of(family: str, **changes: Any) -> Recipe:
        return check(hyperparameters(family), read()["models"][family] | changes)

    return of


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("mlp", {}),
        ("mlp", {"layers": 3, "batch_norm": False}),
        ("cnn", {}),
        ("cnn", {"blocks": 3, "batch_norm": True, "convolutions": 2}),
        ("cnn", {"blocks": 3, "stem_stride": 2}),
        ("cnn", time_to_99.FAST),
    ],
)
def test_the_plain_network_has_the_shapes_of_ours(
    recipe: Callable[..., Recipe], family: str, changes: dict[str, Any]
) -> None:
    chosen = recipe(family, **changes)
    ours, plain = build(family, chosen, SHAPE, 10, 1), network(family, chosen, SHAPE, 10)
    assert sorted(tuple(each.shape) for each in plain.weights) == sorted(tuple(each.shape) for each in ours.weights)
    assert operations(plain) == operations(ours)


def test_training_is_six_operations_for_each_weight_of_a_place_and_four_in_the_first_layer() -> None:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7), keras.layers.ReLU(), keras.layers.Dense(3)])
    assert operations(model) == 4 * 5 * 7 + 6 * 7 * 3


def test_the_plain_augmentation_keeps_shapes_and_labels(recipe: Callable[..., Recipe]) -> None:
    data = stripes(8)
    changed = augmented(data, recipe("mlp", batch_size=4, shift=0.1, rotate=10.0, zoom=0.1, shear=0.1))
    images, labels = next(iter(changed))
    assert images.shape == (4, *data.images.shape[1:])
    assert set(labels.numpy()) <= set(data.labels)
    assert tf.reduce_max(images) <= 255


def test_a_race_is_won_by_seconds_and_lost_where_99_percent_are_missed() -> None:
    races = [(Race(10.0, 3, 0.991), Race(60.0, 5, 0.99)), (Race(11.0, 3, 0.9899), Race(55.0, 4, 0.9901))]
    row = time_to_99.row(races)
    assert row.values == [6.0, 0.0]
    assert not row.at_least
    assert row.note.startswith("1 of 2 seeds reached 99 % in 10.5 s, 3 epochs; the baseline's in 57.5 s, 4.5 epochs")
    assert time_to_99.row([(Race(10.0, 3, 0.991), Race(90.0, 20, 0.98))]).at_least


def test_a_race_ends_with_the_first_epoch_that_reaches_the_goal() -> None:
    test, told = stripes(40), []
    right = tf.one_hot(test.labels, 4).numpy()
    answers = [right[::-1], right, right]
    model = SimpleNamespace(predict=lambda *_, **__: answers[len(told) - 1])
    race = time_to_99.raced(lambda: (model, told.append), 3, test)
    assert told == [1, 2]
    assert (race.epochs, race.accuracy, race.reached) == (2, 1.0, True)


def test_overhead_is_what_comes_on_top_of_the_trainings() -> None:
    row = overhead.row(110.0, {"mlp search": 60.0, "mlp baseline, seed 1": 40.0})
    assert row.values == [pytest.approx(0.1)]
    assert row.note == "110 s in all, 100 s in 2 trainings and searches"


def test_overhead_is_not_guessed_where_a_training_did_not_tell_its_seconds() -> None:
    with pytest.raises(UserError, match="it took 110 s, but MLflow was not told how long these did: mlp search"):
        overhead.row(110.0, {"mlp search": None, "mlp baseline, seed 1": 40.0})


def test_latency_is_how_many_times_sooner_an_answer_comes() -> None:
    row = latency.row("cnn, 1 image at once: predict / SavedModel", [(0.001, 0.04), (0.002, 0.04), (0.004, 0.04)])
    assert row.values == [40, 20, 10]
    assert row.note == "2.00 ms against 40.00 ms"
