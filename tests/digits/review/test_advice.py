import re

import pytest

from digits.evaluation.metrics import METRICS
from digits.review import advice
from digits.review.answers import Answers, compare
from tests.digits.review.sides import side

COSTS = {"mlp tuned": {"multiply_adds": 400, "training_tflop": 1.0}}


def advised(old: Answers, new: Answers, **costs: float) -> str:
    return advice.advise(compare(old, new), COSTS, {"mlp tuned": COSTS["mlp tuned"] | costs})


def test_better_and_nothing_worse_is_to_be_merged() -> None:
    said = advised(side(mlp=200, cnn=50, corrupted=0.2), side(mlp=200, cnn=50, corrupted=0.1))
    clearest = (
        r"\*\*Merge:\*\* (mlp|cnn) tuned is better in (un)?trained corruptions by \d+\.\d\d points \(\d+\.\d\d to"
    )
    assert re.match(clearest, said)
    assert "6 more below, and nothing compared is worse" in said


def test_worse_is_not_to_be_merged() -> None:
    said = advised(side(mlp=100), side(mlp=200, draw=1))
    assert said.startswith("**Do not merge:** mlp tuned is worse in ")
    assert "better" not in said


def test_accuracy_bought_with_probabilities_is_not_to_be_merged_as_it_is() -> None:
    said = advised(side(mlp=200, seeds=(1,)), side(mlp=100, sure=0.5, seeds=(1,), draw=1))
    assert said.startswith("**Do not merge as it is:** mlp tuned is worse in ")
    worse, better = said.split(", although ")
    assert re.search(r"worse in loss by 0\.\d{4} \(0\.\d{4} to 0\.\d{4}\)", worse)
    assert re.search(r"worse in calibration error by \d\d\.\d\d points \(", worse)
    assert better.startswith("mlp tuned is better in test accuracy by 5.00 points (")


def test_whatever_got_worse_is_named_once_by_its_clearest_case() -> None:
    said = advised(side(mlp=50, cnn=50), side(mlp=300, cnn=100, corrupted=0.2, draw=1))
    assert "mlp tuned is worse in test accuracy by 12.50 points (" in said
    assert sorted(re.findall(r"worse in ([a-z ]+) by", said)) == sorted(metric.heading.lower() for metric in METRICS)


def test_a_model_that_got_better_does_not_make_up_for_another() -> None:
    said = advised(side(mlp=200, cnn=50), side(mlp=100, cnn=150, draw=1))
    assert said.startswith("**Do not merge as it is:** cnn tuned is worse in ")
    assert "although mlp tuned is better in " in said


def test_a_difference_that_chance_explains_leaves_the_decision_to_other_grounds() -> None:
    said = advised(side(mlp=100), side(mlp=101, draw=1), training_tflop=2.0, multiply_adds=300)
    assert said.startswith("**No measurable change:** the clearest difference found is that of mlp tuned")
    assert "would be detectable" in said
    assert "Cost: mlp tuned takes 2.00 × as much to train and 0.75 × as much per prediction" in said


def test_the_same_answers_are_called_the_same() -> None:
    said = advised(side(mlp=100), side(mlp=100))
    assert said.startswith("**No measurable change:** every model gives the same answers")
    assert said.endswith("Cost: the same.")


def test_without_a_model_on_both_sides_nothing_is_recommended() -> None:
    assert advised(side(mlp=100), side(cnn=100)).startswith("**No recommendation:** no model is on both sides")


@pytest.mark.parametrize("costs", [{}, {"mlp tuned": {"parameters": 3}}])
def test_a_cost_that_an_earlier_revision_does_not_know_is_not_guessed(costs) -> None:
    assert advice.advise(compare(side(mlp=9), side(mlp=9)), costs, COSTS).endswith("Cost: not known on both sides.")
