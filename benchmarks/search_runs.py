"""One search of each tuner, begun in a process of its own, its best recipe tested, and both kept."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from benchmarks.run import fresh, machine
from benchmarks.trainings import images, tensorflow_as_it_comes, train, training_config
from digits.config.load import parameter, setting
from digits.config.schema import Objective, Pool, Search, Train
from digits.core.files import read_json, write_json
from digits.core.paths import CLASSES, PREPARED
from digits.data import dataset
from digits.evaluation.metrics import accuracy
from digits.evaluation.objective import of_epoch
from digits.models import runtime
from digits.models.families import hyperparameters
from digits.search.methods import length
from digits.search.search import SearchConfig, tune
from digits.training import reporter
from digits.training.fingerprint import fingerprint
from digits.training.jobs import TrainingRun
from digits.training.pool import training_images, training_pool

FAMILY = "mlp"
OURS, PLAIN = ("random", "halving"), ("random", "bayesian", "hyperband")
SEEDS = (1, 2)  # with which a search's best recipe is trained in full
Record = dict[str, Any]
Point = tuple[float, int, float]  # seconds since the start of Python, epochs trained so far, the best objective so far
history: list[tuple[float, dict[str, float]]] = []  # of each epoch of our search, when it ended and what it measured


def in_turns(seed: int) -> list[tuple[str, str]]:
    tuners = [*(("ours", method) for method in OURS), *(("plain", method) for method in PLAIN)]
    start = seed % len(tuners)
    return tuners[start:] + tuners[:start]


@contextmanager
def prepared(folder: Path, count: int | None) -> Iterator[None]:
    """Images and parameters in a folder of its own, where checkpoints do not meet those of others."""
    for part, most in (("train", count), ("validation", None), ("hard", None)):
        dataset.save(images(part, most), folder / PREPARED / part)
    shutil.copy(CLASSES, folder / CLASSES)
    shutil.copytree(PREPARED / "test", folder / PREPARED / "test")
    shutil.copy("params.yaml", folder)
    with chdir(folder):
        yield


def run_once(record: Path, tuner: str, method: str, seed: int) -> None:
    config = search_config(method, seed)
    split = tuple(dataset.load(PREPARED / part) for part in ("train", "validation", "hard"))
    what = {"family": FAMILY, "tuner": tuner, "method": method, "seed": seed}
    identity = fingerprint([what, config.plan, config.objective], {}, *split)
    found = kept(record)
    if any(each["fingerprint"] == identity for each in found):
        return
    started = time.time()
    curve, recipe = fresh({"ours": ours, "plain": theirs}[tuner], method, seed, started)
    seconds = round(time.time() - started, 1)
    print(f"{tuner} {method}, seed {seed}: {curve[-1][2]:.4f} in {seconds:.0f} s, {curve[-1][1]} epochs", flush=True)
    what |= {"fingerprint": identity, "machine": machine(), "seconds": seconds, "points": curve, "recipe": recipe}
    what["test_accuracy"] = fresh(tested, recipe)
    # Another record of the same search was of other images or another space.
    others = [each for each in found if any(each[name] != what[name] for name in ("tuner", "method", "seed"))]
    write_json(record, {"searches": [*others, what]})


def search_config(method: str, seed: int) -> SearchConfig:
    plan = parameter(Search[hyperparameters(FAMILY)], f"tune.{FAMILY}")
    if method == "halving":
        plan = as_long(plan, plan.trials * plan.rungs[-1])
    baseline = training_config(FAMILY, "baseline", plan.rungs[-1], seed)
    machine = baseline.runtime.model_copy(update={"threads": setting(Pool, "pool").threads_per_worker})
    return SearchConfig(plan, method, parameter(Objective, "tune.objective"), replace(baseline, runtime=machine))


def as_long(plan: Search, epochs: int) -> Search:
    """Of as many recipes as so many epochs suffice for."""
    plans = [plan.model_copy(update={"trials": count}) for count in range(1, epochs + 1)]
    return max((each for each in plans if length(each, "halving") <= epochs), key=lambda each: each.trials)


def ours(method: str, seed: int, started: float) -> tuple[list[Point], Record]:
    config = search_config(method, seed)
    reporter.WRITER = __name__
    os.environ.pop("DIGITS_TRACKING", None)
    [found] = tune([config], setting(Pool, "pool"))["searches"]
    return points(history, started, config.objective), found["best"]


def write(messages: SimpleQueue[Record | None]) -> None:
    """In place of MLflow, as digits.tracking.live does: in a thread of the driver."""
    while (message := messages.get()) is not None:
        if epoch := message.get("epoch"):
            history.append((message["time"] / 1000, epoch))


def theirs(method: str, seed: int, started: float) -> tuple[list[Point], Record]:
    with tensorflow_as_it_comes():
        from benchmarks import plain, plain_search
    config = search_config(method, seed)
    recipe, found = plain_search.search(config, training_images(), plain.fed_alike, length(config.plan, OURS[0]))
    return points(found, started, config.objective), recipe.model_dump()


def points(epochs: list[tuple[float, dict[str, float]]], started: float, objective: str) -> list[Point]:
    """Where it became better, and its end."""
    best, found = float("-inf"), []
    for number, (now, epoch) in enumerate(epochs, 1):
        value = of_epoch(epoch, objective)
        if value > best or number == len(epochs):
            best = max(best, value)
            found.append((round(now - started, 1), number, best))
    return found


def tested(recipe: Record) -> list[float]:
    config = search_config(OURS[0], seed=1).baseline
    config = replace(config, recipe=type(config.recipe)(**recipe), epochs=parameter(Train, "train").epochs)
    runs = [TrainingRun(str(seed), replace(config, seed=seed), goal=config.epochs) for seed in SEEDS]
    with training_pool(setting(Pool, "pool"), config.runtime, len(runs), FAMILY) as pool:
        pool.give(*training_images())
        train(pool, runs)
    runtime.start(config.runtime)
    from digits.models.keras_file import load_predictor

    test, accuracies = dataset.load(PREPARED / "test"), []
    for run in runs:
        path = Path(f"{run.name}.keras")
        path.write_bytes(run.model)
        accuracies.append(accuracy(load_predictor(path)(test.images), test.labels))
    return accuracies


def kept(record: Path) -> list[Record]:
    return read_json(record)["searches"] if record.exists() else []
