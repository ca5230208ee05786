from itertools import pairwise

import numpy as np
import pytest

from digits.common import files
from digits.data.dataset import Split
from digits.evaluation import robustness
from digits.evaluation.corruptions import GRADES, KINDS, meaning
from tests.images import stripes

TEST = stripes(80, (12, 10, 1))


def brightest_row(images: np.ndarray) -> np.ndarray:
    """Answers as `stripes` puts its classes, and so is right on each image as it is."""
    rows = images.mean(axis=(2, 3))
    return rows[:, 2:10:2] / rows.sum(axis=1, keepdims=True)


def always_0(images: np.ndarray) -> np.ndarray:
    return np.tile([1.0, 0, 0, 0], (len(images), 1))


@pytest.fixture(scope="module")
def found() -> dict:
    return robustness.examine({"mlp-tuned-1": brightest_row, "mlp-baseline-1": always_0}, TEST)


def test_each_model_has_an_accuracy_for_each_grade_of_each_kind(found):
    assert list(found["accuracy"]) == ["mlp-tuned-1", "mlp-baseline-1"]
    for curves in found["accuracy"].values():
        assert list(curves) == list(KINDS)
        assert {len(curve) for curve in curves.values()} == {1 + len(GRADES)}


def test_harder_images_cost_accuracy(found):
    curves = found["accuracy"]["mlp-tuned-1"]
    assert {curve[0] for curve in curves.values()} == {1.0}
    assert curves["shift"][-1] < 0.8
    assert all(before >= after for before, after in pairwise(curves["noise"]))


def test_every_model_is_asked_about_the_same_images(found):
    asked: dict[str, list[bytes]] = {"a": [], "b": []}

    def note(name: str):
        return lambda images: [asked[name].append(images.tobytes()), always_0(images)][1]

    robustness.examine({name: note(name) for name in asked}, TEST)
    assert asked["a"] == asked["b"]
    assert robustness.examine({"mlp-baseline-1": always_0}, TEST)["accuracy"].items() <= found["accuracy"].items()


def test_what_a_grade_means_and_how_many_images_were_shown_is_written_beside(found):
    assert (found["images"], found["of"]) == (80, 80)
    assert found["grades"]["rotation"] == [meaning("rotation", grade) for grade in range(5)]
    assert found["grades"]["contrast"][4] == "20 % of the contrast left, about the image's mean"


def test_of_many_images_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(robustness, "IMAGES", 4)
    assert robustness.evenly(10).tolist() == [0, 2, 5, 7]
    assert robustness.evenly(3).tolist() == [0, 1, 2]
    by_class = Split(TEST.images, np.sort(TEST.labels))
    result = robustness.examine({"cnn-tuned-1": always_0}, by_class)
    assert (result["images"], result["of"]) == (4, 80)
    assert result["accuracy"]["cnn-tuned-1"]["blur"] == [0.25] * 5


def test_curves_are_read_by_variant_and_averaged_over_the_seeds(project):
    low, high = ({kind: [start] * 5 for kind in KINDS} for start in (0.5, 0.75))
    models = {
        "cnn-baseline-1": low,
        "cnn-baseline-2": high,
        "cnn-tuned-1": high,
        "cnn-tuned-2": high,
        "mlp-tuned-1": low,
    }
    files.write_json(robustness.FILE, {"images": 80, "accuracy": models})
    found = robustness.read("cnn", (1, 2))
    assert found.images == 80
    assert found.curves == {"baseline": [low, high], "tuned": [high, high]}
    rows = robustness.rows(found.curves)
    assert len(rows) == 2 * len(KINDS) * 5
    assert rows[1] == {"variant": "baseline", "kind": "shift", "grade": 1, "strength": 4} | {
        "mean": 0.625,
        "lowest": 0.5,
        "highest": 0.75,
    }
    assert [row["strength"] for row in rows if row["kind"] == "contrast"][:5] == [100, 80, 60, 40, 20]
