import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digits.evaluation import calibration
from digits.evaluation.calibration import Bin, confidences, errors_per_image, reliability

PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])


def calibration_error(probabilities, labels):
    return errors_per_image(confidences(probabilities), probabilities.argmax(axis=1) == labels).mean()


def test_calibration_error_equals_the_one_computed_by_hand(monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 2)
    labels = np.array([0, 1, 1, 0])
    bins = reliability(PROBABILITIES, labels)
    assert bins[0] == Bin(0, 0.5, 0, None, None)
    assert (bins[1].n_images, bins[1].accuracy) == (4, 0.5)
    assert bins[1].confidence == pytest.approx(0.75)
    assert calibration_error(PROBABILITIES, labels) == pytest.approx(0.25)


def test_a_bin_includes_its_upper_edge(monkeypatch):
    monkeypatch.setattr(calibration, "BINS", 2)
    assert [bin_.n_images for bin_ in reliability(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0]))] == [1, 1]


def test_confident_models_have_an_error_of_0_when_correct_and_1_when_wrong():
    probabilities = np.eye(3)
    assert calibration_error(probabilities, np.arange(3)) == 0
    assert calibration_error(probabilities, np.array([1, 2, 0])) == 1


@given(arrays(np.float32, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(0.125, 1, width=32)))
def test_every_image_is_in_the_bin_of_its_confidence(weights):
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    bins = reliability(probabilities, np.zeros(len(probabilities), int))
    filled = [bin_ for bin_ in bins if bin_.n_images]
    assert len(bins) == 15
    assert sum(bin_.n_images for bin_ in bins) == len(probabilities)
    assert all(bin_.low < bin_.confidence <= bin_.high + 1e-12 for bin_ in filled)
    bin_gaps = [bin_.n_images * abs(bin_.accuracy - bin_.confidence) for bin_ in filled]
    assert 0 <= calibration_error(probabilities, 0) <= 1
    assert calibration_error(probabilities, 0) == pytest.approx(sum(bin_gaps) / len(probabilities))


def test_errors_per_image_are_negated_in_underconfident_bins():
    # An overconfident bin of three images, and an underconfident bin of one.
    errors = errors_per_image(np.array([0.95, 0.95, 0.95, 0.5]), np.array([True, False, False, True]))
    assert errors == pytest.approx([-0.05, 0.95, 0.95, 0.5])
