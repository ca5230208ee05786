import re

import pytest

from digits.evaluation.metrics import METRICS
from digits.review import advice
from digits.review.predictions import RevisionPredictions, compare
from tests.digits.review.factories import make_stored

COSTS = {"mlp tuned": {"multiply_adds": 400, "training_tflop": 1.0}}


def advise(base: RevisionPredictions, head: RevisionPredictions, **costs: float) -> str:
    return advice.advise(compare(base, head), COSTS, {"mlp tuned": COSTS["mlp tuned"] | costs})


def test_a_better_metric_without_a_worse_one_is_merged() -> None:
    text = advise(make_stored(mlp=200, cnn=50, corrupted_error=0.2), make_stored(mlp=200, cnn=50, corrupted_error=0.1))
    clearest = (
        r"\*\*Merge:\*\* (mlp|cnn) tuned is better in (trained|held-out) corruptions by \d+\.\d\d points \(\d+\.\d\d to"
    )
    assert re.match(clearest, text)
    assert "6 more below, and no metric is worse" in text


def test_a_worse_metric_is_not_merged() -> None:
    text = advise(make_stored(mlp=100), make_stored(mlp=200, draw=1))
    assert text.startswith("**Do not merge:** mlp tuned is worse in ")
    assert "better" not in text


def test_better_accuracy_with_worse_loss_is_not_merged_as_it_is() -> None:
    text = advise(make_stored(mlp=200, seeds=(1,)), make_stored(mlp=100, confidence=0.5, seeds=(1,), draw=1))
    assert text.startswith("**Do not merge as it is:** mlp tuned is worse in ")
    worse, better = text.split(", although ")
    assert re.search(r"worse in loss by 0\.\d{4} \(0\.\d{4} to 0\.\d{4}\)", worse)
    assert re.search(r"worse in calibration error by \d\d\.\d\d points \(", worse)
    assert better.startswith("mlp tuned is better in test accuracy by 5.00 points (")


def test_a_worse_metric_is_named_once_with_its_clearest_difference() -> None:
    text = advise(make_stored(mlp=50, cnn=50), make_stored(mlp=300, cnn=100, corrupted_error=0.2, draw=1))
    assert "mlp tuned is worse in test accuracy by 12.50 points (" in text
    metrics = re.findall(r"worse in ([a-z -]+) by", text)
    assert sorted(metrics) == sorted(metric.heading.lower() for metric in METRICS)


def test_a_better_model_does_not_outweigh_a_worse_one() -> None:
    text = advise(make_stored(mlp=200, cnn=50), make_stored(mlp=100, cnn=150, draw=1))
    assert text.startswith("**Do not merge as it is:** cnn tuned is worse in ")
    assert "although mlp tuned is better in " in text


def test_a_change_without_a_significant_difference_is_not_measurable() -> None:
    text = advise(make_stored(mlp=100), make_stored(mlp=101, draw=1), training_tflop=2.0, multiply_adds=300)
    assert text.startswith("**No measurable change:** the clearest difference is that of mlp tuned")
    assert "would be detectable" in text
    assert "Cost: mlp tuned takes 2.00 × as much to train and 0.75 × as much per prediction" in text


def test_identical_predictions_are_reported() -> None:
    text = advise(make_stored(mlp=100), make_stored(mlp=100))
    assert text.startswith("**No measurable change:** the predictions of all models are identical")
    assert text.endswith("Cost: unchanged.")


def test_without_common_models_there_is_no_recommendation() -> None:
    text = advise(make_stored(mlp=100), make_stored(cnn=100))
    assert text.startswith("**No recommendation:** base and head have no model in common")


@pytest.mark.parametrize("costs", [{}, {"mlp tuned": {"parameters": 3}}])
def test_a_cost_that_base_lacks_is_not_known(costs: dict[str, dict[str, float]]) -> None:
    comparison = compare(make_stored(mlp=9), make_stored(mlp=9))
    assert advice.advise(comparison, costs, COSTS).endswith("Cost: not known for both revisions.")
