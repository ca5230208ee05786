"""The search, with made-up outcomes in place of trainings."""

from typing import Any

import pytest

from digits.errors import UserError
from digits.params.base import check
from digits.params.mlp import Mlp
from digits.params.recipe import Recipe
from digits.params.tune import Search
from digits.search import search

BASELINE = Mlp(
    layers=1, units=256, batch_norm=True, dropout=0.2, optimizer="adam", learning_rate=0.001, schedule="constant",
    weight_decay=0.0, shift=0.0, rotate=0.0, zoom=0.0, shear=0.0,
)  # fmt: skip
SPACE = {
    "layers": {"min": 1, "max": 3},
    "units": [64, 128],
    "batch_norm": [True, False],
    "optimizer": ["adam", "sgd"],
    "learning_rate": {"min": 1e-4, "max": 1e-1, "log": True},
}


def plan(trials: int = 12, space: dict[str, Any] = SPACE) -> Search[Mlp]:
    return check(Search[Mlp], {"trials": trials, "epochs": 1, "space": space})


def completed(accuracy: float, loss: float = 0.1) -> dict[str, Any]:
    return {
        "status": "completed", "validation_accuracy": accuracy, "validation_loss": loss, "reason": None, "epochs": [],
    }  # fmt: skip


FAILED = completed(0) | {"status": "failed", "validation_accuracy": None, "reason": "out of memory"}


def by_rate(_: int, recipe: Recipe) -> dict[str, Any]:
    return completed(recipe.learning_rate)


def test_the_first_trial_is_the_baselines_own_recipe() -> None:
    found = search(plan(), BASELINE, 1, by_rate)
    assert found["trials"][0]["hyperparameters"] == BASELINE.model_dump()


def test_the_best_trial_wins() -> None:
    found = search(plan(), BASELINE, 1, by_rate)
    rates = [trial["hyperparameters"]["learning_rate"] for trial in found["trials"]]
    assert found["best"]["learning_rate"] == max(rates)
    assert found["best_trial"] == rates.index(max(rates))


def test_equal_accuracy_is_decided_by_loss_and_then_by_age() -> None:
    losses = iter([0.3, 0.2, 0.2, 0.4])
    found = search(plan(trials=4), BASELINE, 1, lambda *_: completed(0.9, next(losses)))
    assert found["best_trial"] == 1


def test_proposals_lie_in_the_space_and_keep_their_types() -> None:
    found = search(plan(trials=30), BASELINE, 1, by_rate)
    for trial in found["trials"][1:]:
        chosen = Mlp(**trial["hyperparameters"])
        assert chosen.layers in (1, 2, 3)
        assert chosen.units in (64, 128)
        assert type(chosen.batch_norm) is bool
        assert 1e-4 <= chosen.learning_rate <= 1e-1
        assert chosen.dropout == BASELINE.dropout
    assert {trial["hyperparameters"]["batch_norm"] for trial in found["trials"]} == {True, False}


def test_the_same_seed_proposes_the_same_recipes_and_another_seed_others() -> None:
    first, again, other = (search(plan(), BASELINE, seed, by_rate) for seed in (1, 1, 2))
    assert first == again != other


def test_a_search_that_has_tried_everything_ends_early() -> None:
    found = search(plan(trials=50, space={"units": [64, 128]}), BASELINE, 1, lambda *_: completed(0.9))
    assert 2 <= len(found["trials"]) <= 3


def test_failed_trials_are_recorded_and_never_win() -> None:
    outcomes = iter([completed(0.5), *[FAILED] * 6, completed(0.4)])
    found = search(plan(trials=8), BASELINE, 1, lambda *_: next(outcomes))
    assert [trial["status"] for trial in found["trials"]] == ["completed", *["failed"] * 6, "completed"]
    assert found["best_trial"] == 0


def test_a_search_whose_trials_all_fail_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="all 3 trials failed, the first because: out of memory"):
        search(plan(trials=3), BASELINE, 1, lambda *_: FAILED)
