from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digits.common import files
from digits.common.errors import UserError
from digits.evaluation.metrics import (
    METRICS,
    Bin,
    ClassScore,
    accuracy,
    class_scores,
    confusion,
    cross_entropy,
    expected_calibration_error,
    measure,
    predictions,
    reliability,
    true_labels,
)

PROBABILITIES = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0, 1, 0]], np.float32)
TRUTH = np.array([0, 1, 2, 1])
OF_TWO = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])


def test_each_metric_of_the_table_is_the_one_computed_by_hand():
    measured = measure(PROBABILITIES, TRUTH)
    assert list(measured) == [metric.name for metric in METRICS]
    assert measured["test_accuracy"] == 3 / 4
    assert measured["test_loss"] == pytest.approx(-(log(0.75) + log(0.25) + log(0.75) + log(1)) / 4, rel=1e-12)
    assert measured["calibration_error"] == pytest.approx((2 * 0.25 + 0.5 + 0) / 4), "the two of 0.75 share a bin"


def test_a_class_given_no_chance_at_all_costs_much_but_no_infinity():
    assert cross_entropy(PROBABILITIES[3:], np.array([0])) == pytest.approx(-log(1e-7))


def test_rounding_above_1_does_not_pay():
    above = np.array([[0, np.nextafter(np.float32(1), np.float32(2))]], np.float32)
    assert cross_entropy(above, np.array([1])) == 0
    last = reliability(above, np.array([1]))[-1]
    assert (last.images, last.confidence) == (1, 1)


def test_a_tie_goes_to_the_first_class():
    tie = np.array([[0.5, 0.5]])
    assert (accuracy(tie, np.array([0])), accuracy(tie, np.array([1]))) == (1, 0)


def test_labels_and_probabilities_are_found_where_evaluate_puts_them(project):
    files.write_array("data/predictions/labels.npy", TRUTH)
    files.write_array("data/predictions/cnn-tuned-1.npy", PROBABILITIES)
    assert true_labels().tolist() == [0, 1, 2, 1]
    np.testing.assert_array_equal(predictions("cnn-tuned-1"), PROBABILITIES, strict=True)


def test_a_model_that_was_not_evaluated_is_one_line(project):
    with pytest.raises(UserError, match=r"^data/predictions/cnn-tuned-1\.npy cannot be read \(.*\); `dvc repro`"):
        predictions("cnn-tuned-1")
    assert not Path("data").exists()


def test_the_calibration_error_is_the_one_computed_by_hand():
    table = reliability(OF_TWO, np.array([0, 1, 1, 0]), bins=2)
    assert table[0] == Bin(0, 0.5, 0, None, None)
    assert (table[1].images, table[1].accuracy) == (4, 0.5)
    assert table[1].confidence == pytest.approx(0.75)
    assert expected_calibration_error(table) == pytest.approx(0.25)


def test_bins_are_weighed_by_their_images():
    table = reliability(OF_TWO, np.array([0, 0, 0, 0]), bins=4)
    assert [each.images for each in table] == [0, 0, 2, 2]
    assert expected_calibration_error(table) == pytest.approx((2 * abs(0 - 0.65) + 2 * abs(1 - 0.85)) / 4)


def test_a_bin_includes_its_upper_edge():
    assert [each.images for each in reliability(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0]), bins=2)] == [1, 1]


def test_sure_and_right_is_no_error_and_sure_and_wrong_the_largest():
    sure = np.eye(3)
    assert expected_calibration_error(reliability(sure, np.arange(3))) == 0
    assert expected_calibration_error(reliability(sure, np.array([1, 2, 0]))) == 1


@settings(deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(0.125, 1, width=32)))
def test_every_image_is_in_one_bin_and_its_confidence_within(weights):
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    table = reliability(probabilities, np.zeros(len(probabilities), int))
    assert len(table) == 15
    assert sum(each.images for each in table) == len(probabilities)
    assert all(each.low < each.confidence <= each.high + 1e-12 for each in table if each.images)
    assert 0 <= expected_calibration_error(table) <= 1


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
