"""The parts of the benchmarks that can be wrong without being slow."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from benchmarks import overhead, time_to_99
from benchmarks.plain import augmented, network
from benchmarks.time_to_99 import Race
from digits.families import hyperparameters
from digits.models.build import build, multiply_adds
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
        ("cnn", time_to_99.FAST),
    ],
)
def test_the_plain_network_has_the_shapes_of_ours(
    recipe: Callable[..., Recipe], family: str, changes: dict[str, Any]
) -> None:
    chosen = recipe(family, **changes)
    ours, plain = build(family, chosen, SHAPE, 10, 1), network(family, chosen, SHAPE, 10)
    assert sorted(tuple(each.shape) for each in plain.weights) == sorted(tuple(each.shape) for each in ours.weights)
    assert multiply_adds(plain) == multiply_adds(ours)


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
    test, trained = stripes(40), []
    right = tf.one_hot(test.labels, 4).numpy()
    answers = [right[::-1], right, right]
    model = SimpleNamespace(predict=lambda *_, **__: answers[len(trained) - 1])
    race = time_to_99.race(lambda _: (model, trained.append), 3, test, test)
    assert trained == [1, 2]
    assert (race.epochs, race.accuracy, race.reached) == (2, 1.0, True)


@pytest.mark.parametrize(
    ("intervals", "covered"),
    [([], 0), ([(0, 4), (2, 6)], 6), ([(7, 9), (0, 5), (1, 2)], 7), ([(3, 4), (4, 5)], 2)],
)
def test_what_trains_side_by_side_counts_once(intervals: list[tuple[float, float]], covered: float) -> None:
    assert overhead.union(intervals) == covered
