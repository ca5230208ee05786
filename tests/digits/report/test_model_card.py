from dataclasses import replace

import numpy as np

from digits.core.paths import model_file
from digits.data.corruptions import CORRUPTIONS, HELD_OUT
from digits.report.model_card import Winner, markdown
from tests.digits.comparison.test_comparison import LABELS, MLP, compare_models, make_results

DATA = {
    "shape": [28, 28, 1],
    "classes": ["zero", "one", "two", "three"],
    "splits": {"train": {"images": 54_000, "sha256": "45630392f8888ebd2f1f"}},
}


def winner() -> Winner:
    found = compare_models(MLP)
    result = make_results(MLP)[3]
    recipe = {"units": 512, "label_smoothing": 0.1}
    history = {"hyperparameters": recipe, "fingerprint": "90da0ab4"}
    return Winner(result, found.rows[1], found.n_searches, history, MLP["mlp", "tuned"][1], DATA, "mnist", "balanced")


def test_the_card_says_what_a_reviewer_asks():
    card = markdown(winner())
    assert card.startswith("# Model card: mlp tuned, seed 2\n")
    assert f"`{model_file('mlp-tuned-2')}` takes images of 28 × 28 pixels, 1 channel, as they are" in card
    assert "Its recipe over 2 seeds: 98.90%, 95 % interval" in card
    assert "| train | 54,000 | `45630392f8888ebd…` |" in card
    kind = HELD_OUT[0]
    assert f"| {kind} | {CORRUPTIONS[kind].effect} | held-out | 91.0 % | 91.0 % | 91.0 % | 91.0 % |" in card
    assert card.count("| trained |") == len(CORRUPTIONS) - len(HELD_OUT)
    assert "on validation images (objective: balanced)" in card
    assert "as the one recipe that its search found: better on " in card
    assert "smoothed labels (0.1)" in card
    assert "fingerprint of all that decided it, `90da0ab4`" in card


def test_of_several_searches_the_card_speaks_of_searching():
    card = markdown(replace(winner(), searches=2))
    assert "Such models, each of a search of its own, over 2 seeds: 98.90%" in card
    assert "as searching (2 searches, a model of each): better on " in card


def test_each_class_has_its_scores_and_the_commonest_mistakes_are_named():
    card = markdown(winner())
    assert "| zero | 250 | 98.80% | 98.80% | 98.80% |" in card
    assert "Most frequent confusions, true → predicted: zero → one (3)" in card


def test_a_model_that_is_always_right_has_no_mistakes_to_name():
    given = winner()
    perfect = replace(given.predictions, probabilities=np.eye(4)[LABELS])
    assert "No mistake on the test images." in markdown(replace(given, predictions=perfect))
