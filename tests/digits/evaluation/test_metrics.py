from math import log
from pathlib import Path

import numpy as np
import pytest

from digits.core import files
from digits.core.errors import UserError
from digits.data.corruptions import CORRUPTIONS, SEVERITIES, TRAINED
from digits.evaluation.metrics import (
    METRICS,
    ClassScore,
    Predictions,
    accuracy,
    average,
    class_scores,
    compute_metrics,
    confusion_matrix,
    load_predictions,
    load_probabilities,
)

PROBABILITIES = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0, 1, 0]], np.float32)
LABELS = np.array([0, 1, 2, 1])
BY_NAME = {metric.name: metric for metric in METRICS}
CORRUPTION_METRICS = ["trained_corruptions_accuracy", "held_out_corruptions_accuracy"]


def corrupted_correct(trained: bool, held_out: bool, n_images: int = 3) -> np.ndarray:
    """Return whether all predictions of each group are correct, with the first image's lowest severity inverted."""
    correct = np.empty((len(CORRUPTIONS), len(SEVERITIES), n_images), bool)
    correct[:] = [[[trained if name in TRAINED else held_out]] for name in CORRUPTIONS]
    correct[:, 0, 0] ^= True
    return correct


def test_metrics_equal_those_computed_by_hand():
    metrics = compute_metrics(Predictions(PROBABILITIES, LABELS, corrupted_correct(trained=True, held_out=False)))
    assert list(metrics) == [metric.name for metric in METRICS]
    assert metrics["test_accuracy"] == 3 / 4
    assert metrics["test_loss"] == pytest.approx(-(log(0.75) + log(0.25) + log(0.75) + log(1)) / 4, rel=1e-12)
    assert metrics["calibration_error"] == pytest.approx((2 * 0.25 + 0.5 + 0) / 4), "both images of 0.75 share a bin"
    assert metrics["trained_corruptions_accuracy"] == pytest.approx((3 / 4 + 1 + 1) / 3)
    assert metrics["held_out_corruptions_accuracy"] == pytest.approx(1 / 4 / 3)


def test_smaller_is_better_for_loss_and_calibration_error():
    smaller_is_better = [name for name, metric in BY_NAME.items() if metric.smaller_is_better]
    assert smaller_is_better == ["test_loss", "calibration_error"]
    assert {"test_accuracy", *CORRUPTION_METRICS} <= set(BY_NAME)


def test_corruption_metrics_need_predictions_of_corrupted_images():
    uncorrupted = Predictions(PROBABILITIES, LABELS)
    corrupted = Predictions(PROBABILITIES, LABELS, corrupted_correct(True, True))
    assert list(compute_metrics(uncorrupted)) == [name for name in BY_NAME if name not in CORRUPTION_METRICS]
    assert not BY_NAME["trained_corruptions_accuracy"].available_for([corrupted, uncorrupted])


def test_a_metric_has_a_value_for_each_model_and_image():
    predictions = Predictions(PROBABILITIES, LABELS, corrupted_correct(trained=True, held_out=False))
    assert BY_NAME["test_accuracy"].per_model([predictions, predictions]).tolist() == [[True, False, True, True]] * 2
    assert BY_NAME["test_accuracy"].per_image(predictions).dtype == bool
    assert BY_NAME["trained_corruptions_accuracy"].per_image(predictions).tolist() == [3 / 4, 1, 1]
    assert BY_NAME["held_out_corruptions_accuracy"].per_image(predictions).tolist() == [1 / 4, 0, 0]


def test_a_probability_of_0_for_the_label_has_a_finite_loss():
    assert BY_NAME["test_loss"].mean(Predictions(PROBABILITIES[3:], np.array([0]))) == pytest.approx(-log(1e-7))


def test_a_probability_rounded_above_1_counts_as_1():
    above = Predictions(np.array([[0, np.nextafter(np.float32(1), np.float32(2))]], np.float32), np.array([1]))
    assert [BY_NAME[name].mean(above) for name in ("test_loss", "calibration_error")] == [0, 0]


def test_equal_probabilities_predict_the_first_class():
    equal = np.array([[0.5, 0.5]])
    assert (accuracy(equal, np.array([0])), accuracy(equal, np.array([1]))) == (1, 0)


def test_predictions_are_loaded_with_those_on_corrupted_images(project):
    files.write_array("data/predictions/labels.npy", LABELS)
    files.write_array("data/predictions/cnn-tuned-1.npy", PROBABILITIES)
    files.write_array("data/predictions/corrupted/cnn-tuned-1.npy", corrupted_correct(True, False))
    predictions = load_predictions("cnn-tuned-1")
    np.testing.assert_array_equal(predictions.probabilities, PROBABILITIES)
    np.testing.assert_array_equal(predictions.corrupted_correct, corrupted_correct(True, False))


def test_an_ensemble_is_the_mean_of_its_models(project):
    files.write_array("data/predictions/labels.npy", LABELS)
    for seed, probabilities in ((1, PROBABILITIES), (2, PROBABILITIES[:, ::-1])):
        files.write_array(f"data/predictions/cnn-tuned-{seed}.npy", probabilities)
    files.write_array("data/predictions/corrupted/cnn-tuned-ensemble.npy", corrupted_correct(True, True))
    ensemble = load_predictions("cnn-tuned-ensemble")
    assert ensemble.probabilities[0].tolist() == [0.375, 0.25, 0.375]
    np.testing.assert_array_equal(ensemble.corrupted_correct, corrupted_correct(True, True))
    assert average([ensemble]).corrupted_correct is None


def test_missing_predictions_are_an_error_of_one_line(project):
    with pytest.raises(UserError, match=r"^data/predictions/cnn-tuned-1\.npy cannot be read \(.*\); run `dvc repro`"):
        load_probabilities("cnn-tuned-1")
    assert not Path("data").exists()


def test_the_confusion_matrix_sums_over_models():
    assert confusion_matrix(LABELS, [PROBABILITIES, PROBABILITIES], 3).tolist() == [[2, 0, 0], [2, 2, 0], [0, 0, 2]]


def test_precision_recall_and_f1_equal_those_computed_by_hand():
    first, second = class_scores(np.array([[8, 2], [4, 6]]))
    assert first == ClassScore(10, 8 / 12, 8 / 10, 16 / 22)
    assert second == ClassScore(10, 6 / 8, 6 / 10, 12 / 18)
    assert first.f1 == pytest.approx(2 / (12 / 8 + 10 / 8)), "the harmonic mean of both"


@pytest.mark.parametrize(
    ("confusion", "score"),
    [
        ([[5, 0], [3, 0]], ClassScore(3, None, 0.0, 0.0)),
        ([[5, 1], [0, 0]], ClassScore(0, 0.0, None, 0.0)),
        ([[5, 0], [0, 0]], ClassScore(0, None, None, None)),
    ],
    ids=["never predicted", "no images", "neither"],
)
def test_an_undefined_score_is_none(confusion, score):
    assert class_scores(np.array(confusion))[1] == score
