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
    confusion,
    load_predictions,
    measure,
    predictions,
)

PROBABILITIES = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0, 1, 0]], np.float32)
TRUTH = np.array([0, 1, 2, 1])
BY_NAME = {metric.name: metric for metric in METRICS}


def corrupted(trained: bool, held_out: bool, images: int = 3) -> np.ndarray:
    """Right on all of these kinds or on none, but for the first image, on which the least severity is the other way."""
    right = np.empty((len(CORRUPTIONS), len(SEVERITIES), images), bool)
    right[:] = [[[trained if kind in TRAINED else held_out]] for kind in CORRUPTIONS]
    right[:, 0, 0] ^= True
    return right


def test_each_metric_of_the_table_is_the_one_computed_by_hand():
    measured = measure(Predictions(PROBABILITIES, TRUTH, corrupted(trained=True, held_out=False)))
    assert list(measured) == [metric.name for metric in METRICS]
    assert measured["test_accuracy"] == 3 / 4
    assert measured["test_loss"] == pytest.approx(-(log(0.75) + log(0.25) + log(0.75) + log(1)) / 4, rel=1e-12)
    assert measured["calibration_error"] == pytest.approx((2 * 0.25 + 0.5 + 0) / 4), "the two of 0.75 share a bin"
    assert measured["trained_corruptions_accuracy"] == pytest.approx((3 / 4 + 1 + 1) / 3)
    assert measured["held_out_corruptions_accuracy"] == pytest.approx(1 / 4 / 3)


def test_which_way_is_better():
    named = (
        "test_accuracy",
        "test_loss",
        "calibration_error",
        "trained_corruptions_accuracy",
        "held_out_corruptions_accuracy",
    )
    assert [BY_NAME[name].smaller_is_better for name in named] == [False, True, True, False, False]


def test_corrupted_images_are_a_metric_only_where_models_were_asked_about_them():
    plain = Predictions(PROBABILITIES, TRUTH)
    assert list(measure(plain)) == [
        name for name in BY_NAME if name not in ("trained_corruptions_accuracy", "held_out_corruptions_accuracy")
    ]
    assert not BY_NAME["trained_corruptions_accuracy"].available_for(
        [Predictions(PROBABILITIES, TRUTH, corrupted(True, True)), plain]
    )


def test_a_metric_has_a_value_for_each_model_and_image():
    predictions = Predictions(PROBABILITIES, TRUTH, corrupted(trained=True, held_out=False))
    assert BY_NAME["test_accuracy"].per_model([predictions, predictions]).tolist() == [[True, False, True, True]] * 2
    assert BY_NAME["test_accuracy"].per_image(predictions).dtype == bool
    assert BY_NAME["trained_corruptions_accuracy"].per_image(predictions).tolist() == [3 / 4, 1, 1]
    assert BY_NAME["held_out_corruptions_accuracy"].per_image(predictions).tolist() == [1 / 4, 0, 0]


def test_a_class_given_no_chance_at_all_costs_much_but_no_infinity():
    assert BY_NAME["test_loss"].mean(Predictions(PROBABILITIES[3:], np.array([0]))) == pytest.approx(-log(1e-7))


def test_rounding_above_1_does_not_pay():
    above = Predictions(np.array([[0, np.nextafter(np.float32(1), np.float32(2))]], np.float32), np.array([1]))
    assert [BY_NAME[name].mean(above) for name in ("test_loss", "calibration_error")] == [0, 0]


def test_a_tie_goes_to_the_first_class():
    tie = np.array([[0.5, 0.5]])
    assert (accuracy(tie, np.array([0])), accuracy(tie, np.array([1]))) == (1, 0)


def test_an_output_is_found_by_its_models_name_with_what_it_said_of_corrupted_images(project):
    files.write_array("data/predictions/labels.npy", TRUTH)
    files.write_array("data/predictions/cnn-tuned-1.npy", PROBABILITIES)
    files.write_array("data/predictions/corrupted/cnn-tuned-1.npy", corrupted(True, False))
    found = load_predictions("cnn-tuned-1")
    np.testing.assert_array_equal(found.probabilities, PROBABILITIES)
    np.testing.assert_array_equal(found.corrupted, corrupted(True, False))


def test_an_ensemble_is_the_mean_of_its_models(project):
    files.write_array("data/predictions/labels.npy", TRUTH)
    for seed, model in ((1, PROBABILITIES), (2, PROBABILITIES[:, ::-1])):
        files.write_array(f"data/predictions/cnn-tuned-{seed}.npy", model)
    files.write_array("data/predictions/corrupted/cnn-tuned-ensemble.npy", corrupted(True, True))
    found = load_predictions("cnn-tuned-ensemble")
    assert found.probabilities[0].tolist() == [0.375, 0.25, 0.375]
    np.testing.assert_array_equal(found.corrupted, corrupted(True, True))
    assert average([found]).corrupted is None


def test_a_model_that_was_not_evaluated_is_one_line(project):
    with pytest.raises(UserError, match=r"^data/predictions/cnn-tuned-1\.npy cannot be read \(.*\); `dvc repro`"):
        predictions("cnn-tuned-1")
    assert not Path("data").exists()


def test_confusion_counts_over_all_models():
    assert confusion(TRUTH, [PROBABILITIES, PROBABILITIES], 3).tolist() == [[2, 0, 0], [2, 2, 0], [0, 0, 2]]


def test_precision_recall_and_f1_are_those_computed_by_hand():
    first, second = class_scores(np.array([[8, 2], [4, 6]]))
    assert first == ClassScore(10, 8 / 12, 8 / 10, 16 / 22)
    assert second == ClassScore(10, 6 / 8, 6 / 10, 12 / 18)
    assert first.f1 == pytest.approx(2 / (12 / 8 + 10 / 8)), "the harmonic mean of both"


@pytest.mark.parametrize(
    ("counts", "score"),
    [
        ([[5, 0], [3, 0]], ClassScore(3, None, 0.0, 0.0)),
        ([[5, 1], [0, 0]], ClassScore(0, 0.0, None, 0.0)),
        ([[5, 0], [0, 0]], ClassScore(0, None, None, None)),
    ],
    ids=["never predicted", "no images", "neither"],
)
def test_a_score_that_is_undefined_is_none(counts, score):
    assert class_scores(np.array(counts))[1] == score
