"""The search for hyperparameters: Keras Tuner's oracle proposes recipes, and is told how each one did."""

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from digits.errors import UserError
from digits.params.recipe import Recipe
from digits.params.tune import Range, Search

OBJECTIVE = "validation_accuracy"


class FromBaseline(keras_tuner.oracles.RandomSearchOracle):
    """Tries the baseline's own recipe first, so that the search can only improve on it."""

    baseline: dict[str, Any]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            return {"status": TrialStatus.RUNNING, "values": self.baseline}
        return super().populate_space(trial_id)


def search(
    plan: Search, baseline: Recipe, seed: int, attempt: Callable[[int, Recipe], dict[str, Any]]
) -> dict[str, Any]:
    trials = []
    with tempfile.TemporaryDirectory() as folder:
        oracle = oracle_of(plan, baseline, seed, folder)
        for trial in proposals(oracle):
            recipe = baseline.model_copy(update=as_given(trial.hyperparameters.values, plan))
            outcome = attempt(len(trials), recipe)
            trials.append({"trial": len(trials), "hyperparameters": recipe.model_dump()} | outcome)
            if outcome["status"] == "completed":
                oracle.update_trial(trial.trial_id, {OBJECTIVE: outcome[OBJECTIVE]})
                trial.status = TrialStatus.COMPLETED
            else:
                trial.status, trial.message = TrialStatus.FAILED, outcome["reason"]
            oracle.end_trial(trial)
    best = best_of(trials)
    return {"trials": trials, "best_trial": best["trial"], "best": best["hyperparameters"]}


def oracle_of(plan: Search, baseline: Recipe, seed: int, folder: str) -> FromBaseline:
    oracle = FromBaseline(
        objective=keras_tuner.Objective(OBJECTIVE, "max"),
        max_trials=plan.trials,
        seed=seed,
        hyperparameters=space_of(plan),
        max_consecutive_failed_trials=plan.trials + 1,  # a failed trial says something too: go on
    )
    oracle.baseline = {name: getattr(baseline, name) for name in plan.space}
    oracle.verbose = 0
    oracle._set_project_dir(folder, "search")  # the oracle saves its state, and refuses to work without a place for it
    return oracle


def space_of(plan: Search) -> keras_tuner.HyperParameters:
    space = keras_tuner.HyperParameters()
    for name, values in plan.space.items():
        if not isinstance(values, Range):
            space.Choice(name, list(values))
            continue
        sampling = "log" if values.log else "linear"
        if plan.recipe().model_fields[name].annotation is int:
            space.Int(name, values.min, values.max, sampling=sampling)
        else:
            space.Float(name, values.min, values.max, sampling=sampling)
    return space


def as_given(values: dict[str, Any], plan: Search) -> dict[str, Any]:
    """Choices as params.yaml has them: Keras Tuner turns true into 1."""
    given = {}
    for name, value in values.items():
        choices = plan.space[name] if isinstance(plan.space[name], tuple) else ()
        given[name] = next((choice for choice in choices if choice == value), value)
    return given


def proposals(oracle: keras_tuner.Oracle) -> Iterator[Any]:
    """Until the oracle has had enough, or knows no recipe that it has not tried."""
    while (trial := oracle.create_trial("one")).status == TrialStatus.RUNNING:
        yield trial


def best_of(trials: list[dict[str, Any]]) -> dict[str, Any]:
    completed = [trial for trial in trials if trial["status"] == "completed"]
    if not completed:
        raise UserError(f"all {len(trials)} trials failed, the first because: {trials[0]['reason']}")
    return max(completed, key=lambda trial: (trial[OBJECTIVE], -trial["validation_loss"]))
