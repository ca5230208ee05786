"""One search of each tuner in its own process; its best recipe is tested, and both results are stored."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.run import describe_machine, run_in_process
from benchmarks.trainings import default_tensorflow, load_images, training_config
from digits.config.load import parameter, setting
from digits.config.schema import Objective, Pool, Search, Train
from digits.core.files import read_json, write_json
from digits.core.paths import PREPARED, model_file, model_name
from digits.data import dataset
from digits.evaluation.metrics import accuracy
from digits.evaluation.objective import score
from digits.models import runtime
from digits.models.families import hyperparameters
from digits.search.methods import total_epochs
from digits.search.search import SearchConfig, tune
from digits.training.fingerprint import fingerprint
from digits.training.images import load_training_data
from digits.training.seeds import train_seeds

FAMILY = "mlp"
POOL_METHODS, PLAIN_METHODS = ("random", "halving"), ("random", "bayesian", "hyperband")
SEEDS = (1, 2)  # for the full trainings of a search's best recipe
SearchResult = dict[str, Any]
Point = tuple[float, int, float]  # seconds since the start of Python, epochs trained so far, best objective so far
History = list[tuple[float, dict[str, float]]]  # for each epoch: the time when it ended, and its metrics
POLL_SECONDS = 0.05


def rotated_tuners(seed: int) -> list[tuple[str, str]]:
    """Return all tuners, starting with another one for each seed."""
    tuners = [*(("ours", method) for method in POOL_METHODS), *(("plain", method) for method in PLAIN_METHODS)]
    start = seed % len(tuners)
    return tuners[start:] + tuners[:start]


@contextmanager
def temporary_project(folder: Path, n_images: int | None) -> Iterator[None]:
    """Run in a folder with its own copy of images and parameters, so that checkpoints do not mix with the project's."""
    shutil.copytree(PREPARED, folder / PREPARED)
    dataset.save(load_images("train", n_images), folder / PREPARED / "train")
    shutil.copy("params.yaml", folder)
    with chdir(folder):
        yield


def run_search(file: Path, tuner: str, method: str, seed: int) -> None:
    """Run a search and store its result in the file, unless the file has it already."""
    config = search_config(method, seed)
    name = {"family": FAMILY, "tuner": tuner, "method": method, "seed": seed}
    identity = fingerprint([name, config.plan, config.objective], {}, *load_training_data())
    stored = load_searches(file)
    if any(search["fingerprint"] == identity for search in stored):
        return
    started = time.time()
    search_function = {"ours": search_in_pool, "plain": search_plain}[tuner]
    curve, recipe = run_in_process(search_function, method, seed, started)
    seconds = round(time.time() - started, 1)
    print(f"{tuner} {method}, seed {seed}: {curve[-1][2]:.4f} in {seconds:.0f} s, {curve[-1][1]} epochs", flush=True)
    result = name | {"fingerprint": identity, "machine": describe_machine(), "seconds": seconds, "points": curve}
    result |= {"recipe": recipe, "test_accuracy": run_in_process(train_and_test, recipe)}
    # A stored result of the same name used other images or another space, and is replaced.
    others = [search for search in stored if not name.items() <= search.items()]
    write_json(file, {"searches": [*others, result]})


def search_config(method: str, seed: int) -> SearchConfig:
    plan = parameter(Search[hyperparameters(FAMILY)], f"tune.{FAMILY}")
    if method == "halving":
        # Try as many recipes as the same number of epochs allows.
        max_epochs = plan.trials * plan.rungs[-1]
        plans = (plan.model_copy(update={"trials": n_trials}) for n_trials in range(1, max_epochs + 1))
        plan = [larger for larger in plans if total_epochs(larger, method) <= max_epochs][-1]
    baseline = training_config(FAMILY, "baseline", plan.rungs[-1], seed)
    threads = setting(Pool, "pool").threads_per_worker
    baseline = replace(baseline, runtime=baseline.runtime.model_copy(update={"threads": threads}))
    return SearchConfig(plan, method, parameter(Objective, "tune.objective"), baseline)


def search_in_pool(method: str, seed: int, started: float) -> tuple[list[Point], dict[str, Any]]:
    config, history = search_config(method, seed), History()
    [search] = tune([config], setting(Pool, "pool"), partial(record_epochs, history))["searches"]
    return best_so_far(history, started, config.objective), search["best"]


@contextmanager
def record_epochs(history: History, searches: Callable[[], list[dict[str, Any]]]) -> Iterator[None]:
    """Append each epoch of the trials to the history as it ends."""
    stop, n_recorded = Event(), Counter[int]()

    def poll() -> None:
        last = False
        while not last:
            last = stop.wait(POLL_SECONDS)
            for trial in (trial for search in searches() for trial in search["trials"]):
                new = trial["epochs"][n_recorded[trial["trial"]] :]
                n_recorded[trial["trial"]] += len(new)
                history.extend((time.time(), epoch) for epoch in new)

    thread = Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def search_plain(method: str, seed: int, started: float) -> tuple[list[Point], dict[str, Any]]:
    with default_tensorflow():
        from benchmarks.plain import fit_arguments_with_project_augmentation
        from benchmarks.plain_search import search
    config = search_config(method, seed)
    max_epochs = total_epochs(config.plan, POOL_METHODS[0])
    recipe, history = search(config, load_training_data(), fit_arguments_with_project_augmentation, max_epochs)
    return best_so_far(history, started, config.objective), recipe.model_dump()


def best_so_far(history: History, started: float, objective: str) -> list[Point]:
    """Return the points at which the best objective improved, and the end."""
    points, best = [], float("-inf")
    for number, (ended, metrics) in enumerate(history, 1):
        value = score(metrics, objective)
        if value > best or number == len(history):
            best = max(best, value)
            points.append((round(ended - started, 1), number, best))
    return points


def train_and_test(recipe: dict[str, Any]) -> list[float]:
    """Train the recipe in full with each seed, and return the test accuracies."""
    config = search_config(POOL_METHODS[0], seed=1).baseline
    config = replace(config, recipe=type(config.recipe)(**recipe), epochs=parameter(Train, "train").epochs)
    train_seeds("tuned", [replace(config, seed=seed) for seed in SEEDS], setting(Pool, "pool"), nullcontext)
    runtime.start(config.runtime)
    from digits.models.keras_file import load_predictor

    test = dataset.load(PREPARED / "test")
    models = (load_predictor(model_file(model_name(FAMILY, "tuned", seed))) for seed in SEEDS)
    return [accuracy(predict(test.images), test.labels) for predict in models]


def load_searches(file: Path) -> list[SearchResult]:
    return read_json(file)["searches"] if file.exists() else []
