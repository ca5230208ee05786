"""The recipes that a search tries: Keras Tuner's oracle proposes them."""

import tempfile
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from digits.models.recipe import Recipe
from digits.params.schema import Range, Search


class FromBaseline(keras_tuner.oracles.RandomSearchOracle):
    """Tries the baseline's own recipe first, so that the search can only improve on it."""

    baseline: dict[str, Any]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            return {"status": TrialStatus.RUNNING, "values": self.baseline}
        return super().populate_space(trial_id)


def proposals(plan: Search, baseline: Recipe, seed: int) -> list[Recipe]:
    """All at once, before anything is known of any: so they are the same however many are then trained together."""
    recipes = []
    with tempfile.TemporaryDirectory() as folder:
        oracle = oracle_of(plan, baseline, seed, folder)
        # Each as if for a worker of its own, until the oracle has had enough or knows no recipe that is new.
        while (proposed := oracle.create_trial(str(len(recipes)))).status == TrialStatus.RUNNING:
            recipes.append(baseline.model_copy(update=as_given(proposed.hyperparameters.values, plan)))
    return recipes


def oracle_of(plan: Search, baseline: Recipe, seed: int, folder: str) -> FromBaseline:
    oracle = FromBaseline(
        objective=keras_tuner.Objective("objective", "max"),
        max_trials=plan.trials,
        seed=seed,
        hyperparameters=space_of(plan),
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
