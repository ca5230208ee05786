from dataclasses import replace

import numpy as np
import pytest

from digits.evaluation.metrics import METRICS
from digits.review.answers import Answers, Comparison, answers, compare
from digits.review.page import verdicts
from tests.digits.review.sides import IMAGES, TRUTH, model, side

NAMES = [metric.name for metric in METRICS]
ON_ALL_IMAGES = ["test_accuracy", "test_loss", "calibration_error"]


def judged(found: Comparison) -> dict[str, list[str]]:
    models = dict.fromkeys(line.model for line in found.lines)
    return {model: [line.metric.name for line in found.lines if line.model == model] for model in models}


def test_what_evaluate_wrote_is_known_by_its_names() -> None:
    one, other = model(3, 1), model(3, 2)
    stored = {"labels": TRUTH, "mlp-tuned-12": one.probabilities, "cnn-baseline-1": other.probabilities, "notes": TRUTH}
    corrupted = {
        "corrupted/mlp-tuned-12": one.corrupted_correct,
        "corrupted/mlp-tuned-ensemble": other.corrupted_correct,
    }
    found = answers(stored | corrupted)
    assert list(found.models) == [("mlp", "tuned", 12), ("cnn", "baseline", 1)]
    assert found.models["mlp", "tuned", 12].corrupted_correct is one.corrupted_correct
    assert found.models["cnn", "baseline", 1].corrupted_correct is None
    assert found.ensembles == {("mlp", "tuned"): other.corrupted_correct}


def test_each_recipe_and_then_its_ensemble_is_judged_by_every_metric() -> None:
    found = compare(side(mlp=100, cnn=50), side(mlp=100, cnn=50, draw=1))
    assert judged(found) == dict.fromkeys(("cnn tuned", "cnn tuned ensemble", "mlp tuned", "mlp tuned ensemble"), NAMES)


def test_without_corrupted_images_the_other_metrics_are_judged() -> None:
    old, new = side(mlp=100), side(mlp=100, draw=1)
    found = compare(old.without_corrupted_images(), new.without_corrupted_images())
    assert judged(found) == {"mlp tuned": ON_ALL_IMAGES, "mlp tuned ensemble": ON_ALL_IMAGES}
    assert (old.without_corrupted_images().corrupted_images, len(old.corrupted_images)) == (set(), 1)


def test_of_corrupted_images_an_ensemble_has_stored_what_all_its_seeds_say() -> None:
    found = compare(side(mlp=100, seeds=(1, 2, 3)), side(mlp=100, seeds=(2, 3), draw=1))
    assert judged(found) == {"mlp tuned": NAMES, "mlp tuned ensemble": ON_ALL_IMAGES}


def test_what_is_on_one_side_only_is_listed_and_not_compared() -> None:
    found = compare(side(mlp=100, seeds=(1, 2)), side(mlp=100, cnn=50, seeds=(2, 3)))
    assert [(line.model, line.seeds) for line in found.lines] == [("mlp tuned", (2,))]
    assert found.only_old == ("mlp-tuned-1",)
    assert found.only_new == ("cnn-tuned-2", "cnn-tuned-3", "mlp-tuned-3")
    assert "Only on the new side, so not compared: cnn-tuned-2, cnn-tuned-3, mlp-tuned-3." in verdicts(found)


def test_differences_are_those_of_the_stored_answers() -> None:
    lines = compare(side(mlp=100, corrupted=0.2), side(mlp=200, corrupted=0.1, draw=1)).lines
    accuracy, loss, _, seen, unseen = lines[: len(METRICS)]
    assert accuracy.old.mean == pytest.approx(1 - 102 / IMAGES)
    assert accuracy.new.mean == pytest.approx(1 - 202 / IMAGES)
    assert accuracy.verdict.difference == pytest.approx(-100 / IMAGES)
    assert loss.verdict.difference == pytest.approx(100 / IMAGES * np.log(0.95 * 3 / 0.05), rel=1e-3)
    assert seen.verdict.difference == pytest.approx(0.1, abs=0.01)
    assert [each.verdict.verdict for each in (accuracy, loss, seen, unseen)] == ["worse", "worse", "better", "better"]
    assert lines[len(METRICS)].old.sd is None  # of an ensemble


def test_models_that_answer_as_before_are_no_further_chance_to_be_lucky() -> None:
    old, new = side(mlp=100), side(mlp=115, draw=1)
    alone = compare(old, new)
    same = side(cnn=50)
    old, new = (Answers(TRUTH, each.models | same.models, each.ensembles | same.ensembles) for each in (old, new))
    together = compare(old, new)
    assert [line for line in together.lines if line.model.startswith("mlp")] == list(alone.lines)
    assert [line.verdict for line in together.lines if line.model.startswith("cnn")] == [None, None]
    assert "same answers, to the last bit" in verdicts(together)


def test_models_that_differ_on_corrupted_images_alone_do_not_answer_the_same() -> None:
    old = side(mlp=100, seeds=(1,))
    other = {key: replace(each, corrupted_correct=~each.corrupted_correct) for key, each in old.models.items()}
    assert judged(compare(old, replace(old, models=other))) == {"mlp tuned": NAMES}


def test_other_probabilities_with_the_same_answers_are_judged() -> None:
    old = side(mlp=100)
    surer = {key: replace(each, probabilities=np.sqrt(each.probabilities)) for key, each in old.models.items()}
    found = compare(old, replace(old, models=surer)).lines[: len(METRICS)]
    assert [line.verdict.verdict for line in found] == ["open", "better", "worse", "open", "open"]


def test_one_seed_speaks_of_these_very_models_only() -> None:
    assert "says nothing of others trained alike" in verdicts(compare(side(mlp=9, seeds=(1,)), side(mlp=8, seeds=(1,))))
