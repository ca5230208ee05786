"""Proposals of Keras Tuner's oracles. A worker computes them, because Keras Tuner imports TensorFlow."""

import tempfile
import warnings
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as tuner_trial
from keras_tuner.engine.oracle import Oracle
from threadpoolctl import threadpool_limits

from digits.config.recipe import Recipe
from digits.config.schema import Range, Search
from digits.search.brackets import FACTOR, count_iterations
from digits.search.methods import Proposal, RoundScores

OBJECTIVE = "objective"
BAYESIAN_ROUND = 4  # proposals in a round; another number changes the proposals
INITIAL_POINTS = 8  # random trials before Bayesian optimization starts


def propose(plan: Search, method: str, baseline: Recipe, seed: int, scores: RoundScores) -> list[Proposal]:
    """Return the round after those with these scores, or an empty list at the end.

    A new oracle creates and ends all trials of the earlier rounds again, and then creates those of the next round. It
    does not get trial 0 and its score, because the recipe may lie outside the space.
    """
    # One thread: results are then reproducible, and more threads are slower.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "The optimal value found for dimension")
        oracle = create_oracle(plan, method, seed, folder)
        round_size = BAYESIAN_ROUND if method == "bayesian" else plan.trials
        for round_scores in scores:
            for trial, score in zip(create_trials(oracle, round_size), round_scores, strict=True):
                end_trial(oracle, trial, score)
        trials = create_trials(oracle, round_size)
        numbers = trial_numbers(oracle)
    return [
        Proposal(
            numbers[trial.trial_id],
            baseline.model_copy(update=restore_types(trial.hyperparameters.values, plan)),
            trial.hyperparameters.values.get("tuner/epochs", plan.rungs[-1]),
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


def create_trials(oracle: Oracle, round_size: int) -> list[tuner_trial.Trial]:
    """Create the trials of a round: fewer than `round_size` if the oracle returns no more.

    It returns no more when it needs the scores of this round, has reached its maximum, or has tried all recipes.
    """
    trials: list[tuner_trial.Trial] = []
    while len(trials) < round_size:
        worker_id = str(len(oracle.trials))  # another worker for each trial: the oracle gives a worker one at a time
        trial = oracle.create_trial(worker_id)
        if trial.status != tuner_trial.TrialStatus.RUNNING:
            break
        trials.append(trial)
    return trials


def end_trial(oracle: Oracle, trial: tuner_trial.Trial, score: float | None) -> None:
    if score is not None:
        oracle.update_trial(trial.trial_id, {OBJECTIVE: score})
    trial.status = tuner_trial.TrialStatus.FAILED if score is None else tuner_trial.TrialStatus.COMPLETED
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
