from math import log
from pathlib import Path

import numpy as np
import pytest

from digits.common import files
from digits.common.errors import UserError
from digits.evaluation import predictions

PROBABILITIES = np.array([[0.75, 0.25, 0], [0.5, 0.25, 0.25], [0.125, 0.125, 0.75], [0, 1, 0]], np.float32)


def test_accuracy_and_loss_are_those_computed_by_hand():
    score = predictions.score(PROBABILITIES, np.array([0, 1, 2, 1]))
    assert score.accuracy == 3 / 4
    assert score.loss == pytest.approx(-(log(0.75) + log(0.25) + log(0.75) + log(1)) / 4, rel=1e-12)


def test_a_class_given_no_chance_at_all_costs_much_but_no_infinity():
    assert predictions.score(PROBABILITIES[3:], np.array([0])).loss == pytest.approx(-log(1e-7))


def test_rounding_above_1_does_not_pay():
    assert predictions.score(np.array([[0, np.nextafter(np.float32(1), 2)]]), np.array([1])).loss == 0


def test_a_tie_goes_to_the_first_class():
    tie = np.array([[0.5, 0.5]])
    assert predictions.score(tie, np.array([0])).accuracy == 1
    assert predictions.score(tie, np.array([1])).accuracy == 0


def test_labels_and_probabilities_are_found_where_evaluate_puts_them(project):
    files.write_array("data/predictions/labels.npy", np.array([0, 1, 2, 1]))
    files.write_array("data/predictions/cnn-tuned-1.npy", PROBABILITIES)
    assert predictions.labels().tolist() == [0, 1, 2, 1]
    np.testing.assert_array_equal(predictions.of_model("cnn-tuned-1"), PROBABILITIES, strict=True)


def test_a_model_that_was_not_evaluated_is_one_line(project):
    with pytest.raises(UserError, match=r"^data/predictions/cnn-tuned-1\.npy cannot be read \(.*\); `dvc repro`"):
        predictions.of_model("cnn-tuned-1")
    assert not Path("data").exists()
