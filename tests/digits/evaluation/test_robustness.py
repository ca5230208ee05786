from pathlib import Path

import numpy as np
import pytest

from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.data.dataset import Split
from digits.evaluation import robustness
from digits.evaluation.robustness import load_corrupted_correctness, write_corrupted_correctness
from tests.images import stripes

TEST = stripes(80, (12, 10, 1))
NAMES = [*CORRUPTIONS]


def brightest_row(images: np.ndarray) -> np.ndarray:
    """Predict the row where `stripes` draws each class: correct on every uncorrupted image."""
    rows = images.mean(axis=(2, 3))
    return rows[:, 2:10:2] / rows.sum(axis=1, keepdims=True)


def constant(label: int, probability: float = 1.0):
    return lambda images: np.tile(np.where(np.arange(4) == label, probability, 0), (len(images), 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_correctness_is_stored_by_model_corruption_and_severity():
    write_corrupted_correctness({"mlp-tuned-1": brightest_row, "mlp-baseline-1": constant(0)}, {}, TEST)
    assert {path.name for path in Path("data/predictions/corrupted").iterdir()} == {
        "mlp-tuned-1.npy",
        "mlp-baseline-1.npy",
    }
    correct = load_corrupted_correctness("mlp-tuned-1")
    assert (correct.dtype, correct.shape) == (bool, (len(NAMES), len(SEVERITIES), 80))
    for name, severity in (("rotation", 2), ("JPEG", 4)):
        expected = brightest_row(corrupt(TEST.images, name, severity)).argmax(axis=1) == TEST.labels
        np.testing.assert_array_equal(correct[NAMES.index(name), severity - 1], expected)
    assert (load_corrupted_correctness("mlp-baseline-1") == (TEST.labels == 0)).all()


def test_an_ensemble_predicts_the_mean_probabilities_of_its_models():
    models = {"cnn-tuned-1": constant(0, 0.6), "cnn-tuned-2": constant(1), "cnn-tuned-3": constant(0, 0.3)}
    ensembles = {"cnn-tuned-ensemble": [*models], "pair": ["cnn-tuned-1", "cnn-tuned-3"]}
    write_corrupted_correctness(models, ensembles, TEST)
    assert (load_corrupted_correctness("cnn-tuned-ensemble") == (TEST.labels == 1)).all()
    assert (load_corrupted_correctness("pair") == (TEST.labels == 0)).all()


def test_all_models_predict_the_same_images():
    inputs: dict[str, list[bytes]] = {"a": [], "b": []}

    def recording_model(name: str):
        def predict(images: np.ndarray) -> np.ndarray:
            inputs[name].append(images.tobytes())
            return constant(0)(images)

        return predict

    write_corrupted_correctness({name: recording_model(name) for name in inputs}, {}, TEST)
    assert inputs["a"] == inputs["b"]


def test_large_test_splits_are_sampled_evenly(monkeypatch):
    monkeypatch.setattr(robustness, "MAX_IMAGES", 4)
    assert robustness.sample_indices(10).tolist() == [0, 2, 5, 7]
    assert robustness.sample_indices(3).tolist() == [0, 1, 2]
    sorted_by_class = Split(TEST.images, np.sort(TEST.labels))
    write_corrupted_correctness({"cnn-tuned-1": constant(0)}, {}, sorted_by_class)
    assert load_corrupted_correctness("cnn-tuned-1").tolist() == [
        [[True, False, False, False]] * len(SEVERITIES)
    ] * len(NAMES)
