from itertools import pairwise

import numpy as np
import pytest

from digits.data.dataset import Split
from digits.evaluation import robustness
from digits.evaluation.corruptions import CORRUPTIONS, SEVERITIES, meaning
from tests.images import stripes

TEST = stripes(80, (12, 10, 1))


def brightest_row(images: np.ndarray) -> np.ndarray:
    """Predicts where `stripes` puts its classes, and so is right on each image as it is."""
    rows = images.mean(axis=(2, 3))
    return rows[:, 2:10:2] / rows.sum(axis=1, keepdims=True)


def always_0(images: np.ndarray) -> np.ndarray:
    return np.tile([1.0, 0, 0, 0], (len(images), 1))


@pytest.fixture(scope="module")
def found() -> dict:
    return robustness.measure({"mlp-tuned-1": brightest_row, "mlp-baseline-1": always_0}, TEST)


def test_each_model_has_an_accuracy_for_each_severity_of_each_corruption(found):
    assert list(found["accuracy"]) == ["mlp-tuned-1", "mlp-baseline-1"]
    for curves in found["accuracy"].values():
        assert list(curves) == list(CORRUPTIONS)
        assert {len(curve) for curve in curves.values()} == {1 + len(SEVERITIES)}


def test_corruption_costs_accuracy(found):
    curves = found["accuracy"]["mlp-tuned-1"]
    assert {curve[0] for curve in curves.values()} == {1.0}
    assert curves["shift"][-1] < 0.8
    assert all(before >= after for before, after in pairwise(curves["noise"]))


def test_every_model_predicts_the_same_images(found):
    seen: dict[str, list[bytes]] = {"a": [], "b": []}

    def note(name: str):
        return lambda images: [seen[name].append(images.tobytes()), always_0(images)][1]

    robustness.measure({name: note(name) for name in seen}, TEST)
    assert seen["a"] == seen["b"]
    assert robustness.measure({"mlp-baseline-1": always_0}, TEST)["accuracy"].items() <= found["accuracy"].items()


def test_what_a_severity_means_and_how_many_images_were_predicted_is_recorded(found):
    assert (found["images"], found["of"]) == (80, 80)
    assert found["severities"]["rotation"] == [meaning("rotation", severity) for severity in range(5)]
    assert found["severities"]["contrast"][4] == "20 % of the contrast left, about the image's mean"


def test_of_many_images_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(robustness, "IMAGES", 4)
    assert robustness.evenly(10).tolist() == [0, 2, 5, 7]
    assert robustness.evenly(3).tolist() == [0, 1, 2]
    by_class = Split(TEST.images, np.sort(TEST.labels))
    result = robustness.measure({"cnn-tuned-1": always_0}, by_class)
    assert (result["images"], result["of"]) == (4, 80)
    assert result["accuracy"]["cnn-tuned-1"]["blur"] == [0.25] * 5
