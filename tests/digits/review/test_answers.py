from dataclasses import replace

import numpy as np
import pytest

from digits.review.answers import Answers, answers, compare
from digits.review.page import verdicts
from tests.digits.review.test_page import IMAGES, TRUTH, model, side


def test_what_evaluate_wrote_is_known_by_its_names() -> None:
    stored = {"labels": TRUTH, "mlp-tuned-12": model(3, 1), "cnn-baseline-1": model(3, 2), "notes": TRUTH}
    assert list(answers(stored).models) == [("mlp", "tuned", 12), ("cnn", "baseline", 1)]


def test_recipes_stand_before_their_ensembles() -> None:
    old = side(mlp=100, cnn=50)
    assert [str(line) for line in compare(old, old).lines] == [
        "cnn tuned",
        "cnn tuned ensemble",
        "mlp tuned",
        "mlp tuned ensemble",
    ]


def test_what_is_on_one_side_only_is_listed_and_not_compared() -> None:
    found = compare(side(mlp=100, seeds=(1, 2)), side(mlp=100, cnn=50, seeds=(2, 3)))
    assert [(str(line), line.seeds) for line in found.lines] == [("mlp tuned", (2,))]
    assert found.only_old == ("mlp-tuned-1",)
    assert found.only_new == ("cnn-tuned-2", "cnn-tuned-3", "mlp-tuned-3")
    assert "Only on the new side, so not compared: cnn-tuned-2, cnn-tuned-3, mlp-tuned-3." in verdicts(found)


def test_accuracies_are_those_of_the_stored_probabilities() -> None:
    [line, ensemble] = compare(side(mlp=100), side(mlp=200, draw=1)).lines
    assert line.old.mean == pytest.approx(1 - 102 / IMAGES)
    assert line.new.mean == pytest.approx(1 - 202 / IMAGES)
    assert line.verdict.difference == pytest.approx(-100 / IMAGES)
    assert ensemble.old.sd is None


def test_models_that_answer_as_before_are_no_further_chance_to_be_lucky() -> None:
    old, new = side(mlp=100), side(mlp=115, draw=1)
    alone = compare(old, new)
    same = side(cnn=50).models
    together = compare(Answers(TRUTH, {**old.models, **same}), Answers(TRUTH, {**new.models, **same}))
    assert [line for line in together.lines if line.family == "mlp"] == list(alone.lines)
    assert [line.verdict for line in together.lines if line.family == "cnn"] == [None, None]
    assert "same answers, to the last bit" in verdicts(together)


def test_other_probabilities_with_the_same_answers_are_judged() -> None:
    old = side(mlp=100)
    surer = replace(old, models={key: np.sqrt(each * 0.9) for key, each in old.models.items()})
    assert {line.verdict.verdict for line in compare(old, surer).lines} == {"no evidence"}


def test_one_seed_speaks_of_these_very_models_only() -> None:
    assert "says nothing of others trained alike" in verdicts(compare(side(mlp=9, seeds=(1,)), side(mlp=8, seeds=(1,))))
