"""The parts of the benchmarks that can be tested without a slow measurement."""

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
from benchmarks.plain import augmented_dataset, build_network
from digits.config.load import read_params, validate
from digits.config.recipe import Recipe
from digits.core.files import write_json, write_text
from digits.core.paths import CLASSES
from digits.models.build import build, multiply_adds
from digits.models.families import hyperparameters
from tests.images import stripes

SHAPE = (28, 28, 1)


@pytest.fixture
def make_recipe(project: Any) -> Callable[..., Recipe]:
    def make_recipe(family: str, **changes: Any) -> Recipe:
        return validate(hyperparameters(family), read_params()["models"][family] | changes)

    return make_recipe


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
    make_recipe: Callable[..., Recipe], family: str, changes: dict[str, Any]
) -> None:
    recipe = make_recipe(family, **changes)
    ours, plain = build(family, recipe, SHAPE, 10, 1), build_network(family, recipe, SHAPE, 10)
    plain_shapes, our_shapes = (sorted(tuple(weight.shape) for weight in model.weights) for model in (plain, ours))
    assert plain_shapes == our_shapes
    assert multiply_adds(plain) == multiply_adds(ours)


def test_the_plain_augmentation_keeps_shapes_and_labels(make_recipe: Callable[..., Recipe]) -> None:
    data = stripes(8)
    recipe = make_recipe("mlp", batch_size=4, shift=0.1, rotate=10.0, zoom=0.1, shear=0.1)
    images, labels = next(iter(augmented_dataset(data, recipe)))
    assert images.shape == (4, *data.images.shape[1:])
    assert set(labels.numpy()) <= set(data.labels)
    assert tf.reduce_max(images) <= 255


def test_each_plain_pixel_layer_changes_an_eighth_of_a_batch(make_recipe: Callable[..., Recipe]) -> None:
    data, strengths = stripes(80), {"noise": 0.4, "blur": 0.2, "contrast": 0.8, "brightness": 0.4, "erase": 0.4}
    tf.keras.utils.set_random_seed(1)
    images = next(iter(augmented_dataset(data, make_recipe("mlp", batch_size=80, **strengths))))[0].numpy()
    changed = [min(np.abs(image - original).max() for original in data.images) > 1 for image in images]
    assert [any(eighth) for eighth in np.split(np.array(changed), 8)] == [True] * len(strengths) + [False] * 3


def test_training_ends_with_the_first_epoch_that_reaches_the_goal() -> None:
    test, trained = stripes(40), []
    correct = tf.one_hot(test.labels, 4).numpy()
    predictions = [correct[::-1], correct, correct]
    model = SimpleNamespace(predict=lambda *_, **__: predictions[len(trained) - 1])
    assert time_to_99.seconds_to(0.99, lambda _: (model, trained.append), 3, test, test) < inf
    assert trained == [1, 2]


def test_a_pair_that_misses_99_percent_has_a_ratio_of_0(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    seconds = iter([10.0, 60.0, 55.0, inf])
    monkeypatch.setattr(time_to_99, "run_in_process", lambda *_: next(seconds))
    write_json(CLASSES, list(range(10)))
    [row] = time_to_99.measure(2, None)
    assert row.values == [6.0, 0.0]
    assert row.note == "1 of 2 seeds reached 99 %; in the median inf s against 57.5 s"


@pytest.mark.parametrize("exit_code", [0, 1])
def test_results_whose_audit_fails_are_unequal(tmp_path: Path, exit_code: int) -> None:
    for name in ("dvc.lock", "reports", "README.md"):
        (tmp_path / name).touch()
    write_text(tmp_path / "digits/__init__.py", "")
    write_text(tmp_path / "digits/tracking/audit.py", f"raise SystemExit({exit_code})")
    assert kills.has_equal_results(tmp_path, tmp_path) == (exit_code == 0)


def test_a_clone_has_the_given_parameters_and_no_lock_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(clones, "ROOT", tmp_path)
    write_text(tmp_path / "dvc.lock", "")
    write_text(tmp_path / "params.yaml", "prepare:\n  share: 0.5 # of all\nseeds: [1]\n")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    clones.commit(tmp_path)
    clones.clone(tmp_path / "clone", clones.share_parameter(600) | {"seeds": [1, 2]})
    assert YAML(typ="safe").load(tmp_path / "clone/params.yaml") == {"prepare": {"share": 0.01}, "seeds": [1, 2]}
    assert not (tmp_path / "clone/dvc.lock").exists()


@pytest.mark.parametrize(
    ("intervals", "length"),
    [([], 0), ([(0, 4), (2, 6)], 6), ([(7, 9), (0, 5), (1, 2)], 7), ([(3, 4), (4, 5)], 2)],
)
def test_overlapping_trainings_count_once(intervals: list[tuple[float, float]], length: float) -> None:
    assert overhead.union_length(intervals) == length
