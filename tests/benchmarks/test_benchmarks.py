"""The parts of the benchmarks that can be wrong without being slow."""

import subprocess
from collections.abc import Callable
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ruamel.yaml import YAML

from benchmarks import clones, kills, overhead, time_to_99
from benchmarks.plain import augmented, network
from digits.config.load import read_params, validate
from digits.config.recipe import Recipe
from digits.core.files import write_json, write_text
from digits.core.paths import CLASSES
from digits.models.build import build, multiply_adds
from digits.models.families import hyperparameters
from tests.images import stripes

SHAPE = (28, 28, 1)


@pytest.fixture
def recipe(project: Any) -> Callable[..., Recipe]:
    def of(family: str, **changes: Any) -> Recipe:
        return validate(hyperparameters(family), read_params()["models"][family] | changes)

    return of


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("mlp", {"layers": 3, "batch_norm": False}),
        ("cnn", {"blocks": 3, "batch_norm": True, "convolutions": 2}),
        ("cnn", time_to_99.FAST),
        ("resnet", {}),
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


def test_the_plain_augmentation_changes_an_eighth_of_a_batch_by_each_kind_of_change_to_pixels(
    recipe: Callable[..., Recipe],
) -> None:
    data, strong = stripes(80), {"noise": 0.4, "blur": 0.2, "contrast": 0.8, "brightness": 0.4, "erase": 0.4}
    tf.keras.utils.set_random_seed(1)
    images = next(iter(augmented(data, recipe("mlp", batch_size=80, **strong))))[0].numpy()
    changed = [min(np.abs(image - one).max() for one in data.images) > 1 for image in images]
    assert [any(eighth) for eighth in np.split(np.array(changed), 8)] == [True] * len(strong) + [False] * 3


def test_a_race_ends_with_the_first_epoch_that_reaches_the_goal() -> None:
    test, trained = stripes(40), []
    right = tf.one_hot(test.labels, 4).numpy()
    answers = [right[::-1], right, right]
    model = SimpleNamespace(predict=lambda *_, **__: answers[len(trained) - 1])
    assert time_to_99.seconds_to(0.99, lambda _: (model, trained.append), 3, test, test) < inf
    assert trained == [1, 2]


def test_a_race_that_99_percent_are_missed_in_is_lost(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    seconds = iter([10.0, 60.0, 55.0, inf])
    monkeypatch.setattr(time_to_99, "fresh", lambda *_: next(seconds))
    write_json(CLASSES, list(range(10)))
    [row] = time_to_99.measure(2, None)
    assert row.values == [6.0, 0.0]
    assert row.note == "1 of 2 seeds reached 99 %; in the median inf s against 57.5 s"


@pytest.mark.parametrize("failures", [0, 1])
def test_a_run_whose_audit_fails_counts_as_unequal_and_ends_no_benchmark(tmp_path: Path, failures: int) -> None:
    for name in ("dvc.lock", "reports", "README.md"):
        (tmp_path / name).touch()
    write_text(tmp_path / "digits/__init__.py", "")
    write_text(tmp_path / "digits/tracking/audit.py", f"raise SystemExit({failures})")
    assert kills.same(tmp_path, tmp_path) == (not failures)


def test_a_clone_has_the_wanted_parameters_whatever_is_committed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(clones, "ROOT", tmp_path)
    write_text(tmp_path / "dvc.lock", "")
    write_text(tmp_path / "params.yaml", "prepare:\n  share: 0.5 # of all\nseeds: [1]\n")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    clones.commit(tmp_path)
    clones.clone(tmp_path / "clone", clones.share(600) | {"seeds": [1, 2]})
    assert YAML(typ="safe").load(tmp_path / "clone/params.yaml") == {"prepare": {"share": 0.01}, "seeds": [1, 2]}
    assert not (tmp_path / "clone/dvc.lock").exists()


@pytest.mark.parametrize(
    ("intervals", "covered"),
    [([], 0), ([(0, 4), (2, 6)], 6), ([(7, 9), (0, 5), (1, 2)], 7), ([(3, 4), (4, 5)], 2)],
)
def test_what_trains_side_by_side_counts_once(intervals: list[tuple[float, float]], covered: float) -> None:
    assert overhead.union(intervals) == covered
