import numpy as np
import pytest

from digits.comparison.classwise import ClassScore, scores


def test_precision_recall_and_f1_are_those_computed_by_hand():
    first, second = scores(np.array([[8, 2], [4, 6]]))
    assert first == ClassScore(10, 8 / 12, 8 / 10, 16 / 22)
    assert second == ClassScore(10, 6 / 8, 6 / 10, 12 / 18)
    assert first.f1 == pytest.approx(2 / (12 / 8 + 10 / 8)), "the harmonic mean of both"


def test_a_class_never_answered_has_no_precision():
    assert scores(np.array([[5, 0], [3, 0]]))[1] == ClassScore(3, None, 0.0, 0.0)


def test_a_class_without_images_has_no_recall():
    assert scores(np.array([[5, 1], [0, 0]]))[1] == ClassScore(0, 0.0, None, 0.0)


def test_a_class_that_never_occurs_has_no_score_at_all():
    assert scores(np.array([[5, 0], [0, 0]]))[1] == ClassScore(0, None, None, None)
