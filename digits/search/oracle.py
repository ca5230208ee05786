"""Proposals of Keras Tuner's oracles. Runs in a worker, because Keras Tuner imports TensorFlow."""

import tempfile
import warnings
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as tuner
from keras_tuner.engine.oracle import Oracle
from threadpoolctl import threadpool_limits

from digits.config.recipe import Recipe
from digits.config.schema import Range, Search
from digits.search.brackets import FACTOR, count_iterations
from digits.search.methods import Proposal, RoundScores

OBJECTIVE = "objective"
BAYESIAN_ROUND = 4  # proposals in a round; another number changes the proposals
INITIAL_POINTS = 8  # random proposals before the first that bayesian bases on scores


def propose(plan: Search, method: str, baseline: Recipe, seed: int, scores: RoundScores) -> list[Proposal]:
    """Return the round after those with these scores, or an empty list at the end.

    The oracle never sees trial 0, because its recipe may lie outside the space.
    """
    # Limited to one thread, because the number changes the last bits of bayesian's results, and many are slow.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "The optimal value found for dimension")
        oracle = create_oracle(plan, method, seed, folder)
        max_trials = BAYESIAN_ROUND if method == "bayesian" else plan.trials
        for round_scores in scores:
            for trial, score in zip(create_trials(oracle, max_trials), round_scores, strict=True):
                end_trial(oracle, trial, score)
        trials = create_trials(oracle, max_trials)
        numbers = trial_numbers(oracle)
    target = plan.rungs[0] if method == "halving" else plan.rungs[-1]
    return [
        Proposal(
            numbers[trial.trial_id],
            baseline.model_copy(update=restore_types(trial.hyperparameters.values, plan)),
            trial.hyperparameters.values.get("tuner/epochs", target),
        )
        for trial in trials
    ]


def create_oracle(plan: Search, method: str, seed: int, folder: str) -> Oracle:
    options: dict[str, Any] = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "seed": seed,
        "hyperparameters": search_space(plan),
        "max_consecutive_failed_trials": plan.trials,  # the oracle never raises; the search reports that all failed
    }
    if method == "hyperband":
        max_epochs = plan.rungs[-1]
        options |= {"max_epochs": max_epochs, "factor": FACTOR}
        options |= {"hyperband_iterations": count_iterations(plan.trials, max_epochs)}
        oracle = keras_tuner.oracles.HyperbandOracle(**options)
    elif method == "bayesian":
        options |= {"max_trials": plan.trials - 1, "num_initial_points": INITIAL_POINTS}
        oracle = keras_tuner.oracles.BayesianOptimizationOracle(**options)
    else:
        oracle = keras_tuner.oracles.RandomSearchOracle(max_trials=plan.trials - 1, **options)
    oracle.verbose = 0
    oracle._set_project_dir(folder, "search")  # the oracle saves its state there, and fails without a folder
    return oracle


def create_trials(oracle: Oracle, max_trials: int) -> list[tuner.Trial]:
    """Create a trial per virtual worker, until the oracle must wait, has reached its limit, or has tried all."""
    trials: list[tuner.Trial] = []
    while len(trials) < max_trials:
        trial = oracle.create_trial(str(len(oracle.trials)))
        if trial.status != tuner.TrialStatus.RUNNING:
            break
        trials.append(trial)
    return trials


def end_trial(oracle: Oracle, trial: tuner.Trial, score: float | None) -> None:
    if score is not None:
        oracle.update_trial(trial.trial_id, {OBJECTIVE: score})
    trial.status = tuner.TrialStatus.FAILED if score is None else tuner.TrialStatus.COMPLETED
    oracle.end_trial(trial)


def trial_numbers(oracle: Oracle) -> dict[str, int]:
    """Return our trial number for each of the oracle's trials: where hyperband promotes one, it creates another."""
    numbers: dict[str, int] = {}
    for trial_id in oracle.start_order:
        promoted_id = oracle.trials[trial_id].hyperparameters.values.get("tuner/trial_id")
        numbers[trial_id] = numbers[promoted_id] if promoted_id else max(numbers.values(), default=0) + 1
    return numbers


def search_space(plan: Search) -> keras_tuner.HyperParameters:
    space = keras_tuner.HyperParameters()
    for name, values in plan.space.items():
        if not isinstance(values, Range):
            space.Choice(name, list(values))
            continue
        sampling = "log" if values.log else "linear"
        if plan.recipe_class().model_fields[name].annotation is int:
            space.Int(name, values.min, values.max, sampling=sampling)
        else:
            space.Float(name, values.min, values.max, sampling=sampling)
    return space


def restore_types(values: dict[str, Any], plan: Search) -> dict[str, Any]:
    """Return the choices with their types in params.yaml: Keras Tuner turns true into 1."""
    restored = {}
    for name, allowed in plan.space.items():
        choices = allowed if isinstance(allowed, tuple) else ()
        restored[name] = next((choice for choice in choices if choice == values[name]), values[name])
    return restored
