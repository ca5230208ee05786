from dataclasses import replace

import numpy as np

from digits.common.paths import model_file
from digits.comparison.model_card import Subject, markdown, winner
from tests.digits.comparison.test_comparison import MLP, TRUTH, compared, results

DATA = {
    "shape": [28, 28, 1],
    "classes": ["zero", "one", "two", "three"],
    "splits": {"train": {"images": 54_000, "sha256": "45630392f8888ebd2f1f"}},
}
ROBUSTNESS = {
    "images": 200,
    "grades": {"noise": ["as it is", "a little noise", "much noise"]},
    "accuracy": {"mlp-tuned-2": {"noise": [0.99, 0.95, 0.5]}},
}


def subject() -> Subject:
    found = compared(MLP)
    result = replace(results(MLP)[3], test_accuracy=0.988, calibration_error=0.29)
    recipe = {"units": 512, "label_smoothing": 0.1}
    history = {"hyperparameters": recipe, "fingerprint": "90da0ab4"}
    return Subject(result, found.rows[1], history, MLP["mlp", "tuned"][1], TRUTH, DATA, "mnist", ROBUSTNESS)


def test_the_winner_is_chosen_by_validation_images() -> None:
    better_on_test, better_on_validation, surer = (
        replace(results(MLP)[seed], test_accuracy=test, validation_accuracy=validation, validation_loss=loss)
        for seed, test, validation, loss in ((0, 0.99, 0.97, 0.1), (1, 0.98, 0.98, 0.2), (2, 0.97, 0.98, 0.1))
    )
    assert winner([better_on_test, better_on_validation]) is better_on_validation
    assert winner([better_on_test, better_on_validation, surer]) is surer


def test_the_card_says_what_a_reviewer_asks() -> None:
    card = markdown(subject())
    assert card.startswith("# Model card: mlp tuned, seed 2\n")
    assert f"`{model_file('mlp-tuned-2')}` takes images of 28 × 28 pixels, 1 channel, as they are" in card
    assert "Its recipe over 2 seeds: 98.90%, 95 % interval" in card
    assert "| train | 54,000 | `45630392f8888ebd…` |" in card
    assert "| much noise | 99.0 % | 95.0 % | 50.0 % |" in card
    assert "smoothed labels (0.1)" in card
    assert "fingerprint of all that decided it, `90da0ab4`" in card


def test_each_class_has_its_scores_and_the_commonest_mistakes_are_named() -> None:
    card = markdown(subject())
    assert "| zero | 250 | 98.80% | 98.80% | 98.80% |" in card
    assert "Most often taken for another: zero for one (3)" in card


def test_a_model_that_is_always_right_has_no_mistakes_to_name() -> None:
    given = subject()
    assert "No mistake on the test images." in markdown(replace(given, answers=np.eye(4)[TRUTH]))
