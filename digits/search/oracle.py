"""What Keras Tuner's oracles propose. In a worker: they bring TensorFlow with them, which the driver does without."""

import tempfile
import warnings
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as tuner
from keras_tuner.engine.oracle import Oracle
from threadpoolctl import threadpool_limits

from digits.config.recipe import Recipe
from digits.config.schema import Range, Search
from digits.search.brackets import FACTOR, iterations
from digits.search.methods import Proposal, Results

OBJECTIVE = "objective"
AT_ONCE = 4  # proposals in a round of bayesian: another number proposes others
KNOWN_FIRST = 8  # random ones before the first that bayesian draws a conclusion from


def propose(plan: Search, method: str, baseline: Recipe, seed: int, results: Results) -> list[Proposal]:
    """The round after these; none at the end. The oracle knows nothing of trial 0, which its space may not have."""
    # Of bayesian: another number of threads has other last bits, and many get in each other's way.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), threadpool_limits(1):
        warnings.filterwarnings("ignore", "The optimal value found for dimension")
        oracle = oracle_of(plan, method, seed, folder)
        most = AT_ONCE if method == "bayesian" else plan.trials
        for measured in results:
            for trial, score in zip(ask(oracle, most), measured, strict=True):
                tell(oracle, trial, score)
        asked = ask(oracle, most)
        numbers = numbered(oracle)
    last = plan.rungs[0] if method == "halving" else plan.rungs[-1]
    return [
        Proposal(
            numbers[trial.trial_id],
            baseline.model_copy(update=as_given(trial.hyperparameters.values, plan)),
            trial.hyperparameters.values.get("tuner/epochs", last),
        )
        for trial in asked
    ]


def oracle_of(plan: Search, method: str, seed: int, folder: str) -> Oracle:
    shared = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "seed": seed,
        "hyperparameters": space_of(plan),
        "max_consecutive_failed_trials": plan.trials,  # it fails where all do, and we say so ourselves
    }
    if method == "hyperband":
        longest = plan.rungs[-1]
        times = iterations(plan.trials, longest)
        sizes = {"max_epochs": longest, "factor": FACTOR, "hyperband_iterations": times}
        oracle = keras_tuner.oracles.HyperbandOracle(**sizes, **shared)
    elif method == "bayesian":
        sizes = {"max_trials": plan.trials - 1, "num_initial_points": KNOWN_FIRST}
        oracle = keras_tuner.oracles.BayesianOptimizationOracle(**sizes, **shared)
    else:
        oracle = keras_tuner.oracles.RandomSearchOracle(max_trials=plan.trials - 1, **shared)
    oracle.verbose = 0
    oracle._set_project_dir(folder, "search")  # the oracle saves its state, and refuses to work without a place for it
    return oracle


def ask(oracle: Oracle, most: int) -> list[tuner.Trial]:
    """Each as if for a worker of its own, until the oracle has to wait, has had enough, or knows nothing new."""
    asked: list[tuner.Trial] = []
    while len(asked) < most:
        trial = oracle.create_trial(str(len(oracle.trials)))
        if trial.status != tuner.TrialStatus.RUNNING:
            break
        asked.append(trial)
    return asked


def tell(oracle: Oracle, trial: tuner.Trial, score: float | None) -> None:
    if score is not None:
        oracle.update_trial(trial.trial_id, {OBJECTIVE: score})
    trial.status = tuner.TrialStatus.FAILED if score is None else tuner.TrialStatus.COMPLETED
    oracle.end_trial(trial)


def numbered(oracle: Oracle) -> dict[str, int]:
    """Which of our trials each of the oracle's is: hyperband has a new one where an old one goes on."""
    numbers: dict[str, int] = {}
    for name in oracle.start_order:
        before = oracle.trials[name].hyperparameters.values.get("tuner/trial_id")
        numbers[name] = numbers[before] if before else max(numbers.values(), default=0) + 1
    return numbers


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
    for name, allowed in plan.space.items():
        choices = allowed if isinstance(allowed, tuple) else ()
        given[name] = next((choice for choice in choices if choice == values[name]), values[name])
    return given
