from pathlib import Path

import numpy as np
import pytest

from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.data.dataset import Split
from digits.evaluation import robustness
from digits.evaluation.robustness import load_correct, measure
from tests.images import stripes

TEST = stripes(80, (12, 10, 1))
KINDS = [*CORRUPTIONS]


def brightest_row(images: np.ndarray) -> np.ndarray:
    """Predicts where `stripes` puts its classes, and so is right on each image as it is."""
    rows = images.mean(axis=(2, 3))
    return rows[:, 2:10:2] / rows.sum(axis=1, keepdims=True)


def always(label: int, how_sure: float = 1.0):
    return lambda images: np.tile(np.where(np.arange(4) == label, how_sure, 0), (len(images), 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_it_is_stored_of_each_model_which_images_of_each_kind_and_severity_are_right():
    measure({"mlp-tuned-1": brightest_row, "mlp-baseline-1": always(0)}, {}, TEST)
    assert {path.name for path in Path("data/predictions/corrupted").iterdir()} == {
        "mlp-tuned-1.npy",
        "mlp-baseline-1.npy",
    }
    found = load_correct("mlp-tuned-1")
    assert (found.dtype, found.shape) == (bool, (len(KINDS), len(SEVERITIES), 80))
    for kind, severity in (("rotation", 2), ("JPEG", 4)):
        expected = brightest_row(corrupt(TEST.images, kind, severity)).argmax(axis=1) == TEST.labels
        np.testing.assert_array_equal(found[KINDS.index(kind), severity - 1], expected)
    assert (load_correct("mlp-baseline-1") == (TEST.labels == 0)).all()


def test_an_ensemble_says_what_its_models_say_on_the_mean():
    models = {"cnn-tuned-1": always(0, 0.6), "cnn-tuned-2": always(1), "cnn-tuned-3": always(0, 0.3)}
    groups = {"cnn-tuned-ensemble": [*models], "others": ["cnn-tuned-1", "cnn-tuned-3"]}
    measure(models, groups, TEST)
    assert (load_correct("cnn-tuned-ensemble") == (TEST.labels == 1)).all()
    assert (load_correct("others") == (TEST.labels == 0)).all()


def test_every_model_predicts_the_same_images():
    seen: dict[str, list[bytes]] = {"a": [], "b": []}

    def note(name: str):
        return lambda images: [seen[name].append(images.tobytes()), always(0)(images)][1]

    measure({name: note(name) for name in seen}, {}, TEST)
    assert seen["a"] == seen["b"]


def test_of_many_images_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(robustness, "IMAGES", 4)
    assert robustness.sample_indices(10).tolist() == [0, 2, 5, 7]
    assert robustness.sample_indices(3).tolist() == [0, 1, 2]
    by_class = Split(TEST.images, np.sort(TEST.labels))
    measure({"cnn-tuned-1": always(0)}, {}, by_class)
    assert load_correct("cnn-tuned-1").tolist() == [[[True, False, False, False]] * len(SEVERITIES)] * len(KINDS)
