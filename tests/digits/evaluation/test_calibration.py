import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digits.evaluation import calibration
from digits.evaluation.calibration import Bin, confidences, gaps, reliability

OF_TWO = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])


def error(probabilities, labels):
    return gaps(confidences(probabilities), probabilities.argmax(axis=1) == labels).mean()


def test_the_calibration_error_is_the_one_computed_by_hand(monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 2)
    labels = np.array([0, 1, 1, 0])
    table = reliability(OF_TWO, labels)
    assert table[0] == Bin(0, 0.5, 0, None, None)
    assert (table[1].images, table[1].accuracy) == (4, 0.5)
    assert table[1].confidence == pytest.approx(0.75)
    assert error(OF_TWO, labels) == pytest.approx(0.25)


def test_a_bin_includes_its_upper_edge(monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 2)
    assert [each.images for each in reliability(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0]))] == [1, 1]


def test_sure_and_right_is_no_error_and_sure_and_wrong_the_largest():
    sure = np.eye(3)
    assert error(sure, np.arange(3)) == 0
    assert error(sure, np.array([1, 2, 0])) == 1


@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(0.125, 1, width=32)))
def test_every_image_is_in_one_bin_and_its_confidence_within(weights):
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    table = reliability(probabilities, np.zeros(len(probabilities), int))
    assert len(table) == 15
    assert sum(each.images for each in table) == len(probabilities)
    assert all(each.low < each.confidence <= each.high + 1e-12 for each in table if each.images)
    of_bins = [each.images * abs(each.accuracy - each.confidence) for each in table if each.images]
    assert 0 <= error(probabilities, 0) <= 1
    assert error(probabilities, 0) == pytest.approx(sum(of_bins) / len(probabilities))


def test_an_image_counts_against_the_error_where_its_bin_errs_the_other_way():
    # A bin that is too sure on the whole, and another that is not sure enough
    of_images = gaps(np.array([0.95, 0.95, 0.95, 0.5]), np.array([True, False, False, True]))
    assert of_images == pytest.approx([-0.05, 0.95, 0.95, 0.5])
