from dataclasses import replace

import numpy as np

from digits.core.paths import model_file
from digits.data.corruptions import CORRUPTIONS, HELD_OUT
from digits.report.model_card import BestModel, markdown
from tests.digits.comparison.test_comparison import LABELS, MLP, compare_models, make_results

DATA = {
    "shape": [28, 28, 1],
    "classes": ["zero", "one", "two", "three"],
    "splits": {"train": {"images": 54_000, "sha256": "45630392f8888ebd2f1f"}},
}


def make_best_model() -> BestModel:
    return BestModel(
        model_result=make_results(MLP)[3],
        variant_result=compare_models(MLP).rows[1],
        n_searches=1,
        history={"hyperparameters": {"units": 512, "label_smoothing": 0.1}, "fingerprint": "90da0ab4"},
        predictions=MLP["mlp", "tuned"][1],
        data_report=DATA,
        source="mnist",
        objective_name="balanced",
    )


def test_the_card_answers_a_reviewers_questions():
    card = markdown(make_best_model())
    assert card.startswith("# Model card: mlp tuned, seed 2\n")
    assert f"`{model_file('mlp-tuned-2')}` takes images of 28 × 28 pixels and 1 channel, with values" in card
    assert "The same recipe over 2 seeds: test accuracy 98.90%, 95 % interval" in card
    assert "| train | 54,000 | `45630392f8888ebd…` |" in card
    name = HELD_OUT[0]
    assert f"| {name} | {CORRUPTIONS[name].effect} | held-out | 91.0 % | 91.0 % | 91.0 % | 91.0 % |" in card
    assert card.count("| trained |") == len(CORRUPTIONS) - len(HELD_OUT)
    assert "validation images (objective: balanced)" in card
    assert "Compared with the family's baseline: better on " in card
    assert "applies to the one recipe that its search found" in card
    assert "label smoothing (0.1)" in card
    assert "`90da0ab4`" in card


def test_the_card_states_the_scope_of_several_searches():
    card = markdown(replace(make_best_model(), n_searches=2))
    assert "Models of 2 searches, one seed each: test accuracy 98.90%" in card
    assert "applies to the search itself (2 searches, one model each)" in card


def test_the_card_has_the_scores_of_each_class_and_the_most_frequent_confusions():
    card = markdown(make_best_model())
    assert "| zero | 250 | 98.80% | 98.80% | 98.80% |" in card
    assert "Most frequent confusions, true → predicted: zero → one (3)" in card


def test_a_perfect_model_has_no_confusions():
    best_model = make_best_model()
    perfect = replace(best_model.predictions, probabilities=np.eye(4)[LABELS])
    assert "No test image is misclassified." in markdown(replace(best_model, predictions=perfect))
