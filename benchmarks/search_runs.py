"""One search of each tuner, begun in a process of its own, its best recipe tested, and both kept."""

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

from benchmarks.run import fresh, machine
from benchmarks.trainings import images, tensorflow_as_it_comes, training_config
from digits.config.load import parameter, setting
from digits.config.schema import Objective, Pool, Search, Train
from digits.core.files import read_json, write_json
from digits.core.paths import PREPARED, model_file, model_name
from digits.data import dataset
from digits.evaluation.metrics import accuracy
from digits.evaluation.objective import score
from digits.models import runtime
from digits.models.families import hyperparameters
from digits.search.methods import length
from digits.search.search import SearchConfig, tune
from digits.training.fingerprint import fingerprint
from digits.training.images import load_training_data
from digits.training.seeds import train_seeds

FAMILY = "mlp"
OURS, PLAIN = ("random", "halving"), ("random", "bayesian", "hyperband")
SEEDS = (1, 2)  # with which a search's best recipe is trained in full
Record = dict[str, Any]
Point = tuple[float, int, float]  # seconds since the start of Python, epochs trained so far, the best objective so far
History = list[tuple[float, dict[str, float]]]  # of each epoch in turn, when it ended and what it measured
SECONDS_BETWEEN_LOOKS = 0.05


def in_turns(seed: int) -> list[tuple[str, str]]:
    tuners = [*(("ours", method) for method in OURS), *(("plain", method) for method in PLAIN)]
    start = seed % len(tuners)
    return tuners[start:] + tuners[:start]


@contextmanager
def prepared(folder: Path, count: int | None) -> Iterator[None]:
    """Images and parameters in a folder of its own, where checkpoints do not meet those of others."""
    shutil.copytree(PREPARED, folder / PREPARED)
    dataset.save(images("train", count), folder / PREPARED / "train")
    shutil.copy("params.yaml", folder)
    with chdir(folder):
        yield


def run_once(record: Path, tuner: str, method: str, seed: int) -> None:
    config = search_config(method, seed)
    name = {"family": FAMILY, "tuner": tuner, "method": method, "seed": seed}
    identity = fingerprint([name, config.plan, config.objective], {}, *load_training_data())
    searches = kept(record)
    if any(each["fingerprint"] == identity for each in searches):
        return
    started = time.time()
    curve, recipe = fresh({"ours": ours, "plain": plain}[tuner], method, seed, started)
    seconds = round(time.time() - started, 1)
    print(f"{tuner} {method}, seed {seed}: {curve[-1][2]:.4f} in {seconds:.0f} s, {curve[-1][1]} epochs", flush=True)
    search = name | {"fingerprint": identity, "machine": machine(), "seconds": seconds, "points": curve}
    search |= {"recipe": recipe, "test_accuracy": fresh(tested, recipe)}
    # Another record of the same search was of other images or another space.
    others = [each for each in searches if not name.items() <= each.items()]
    write_json(record, {"searches": [*others, search]})


def search_config(method: str, seed: int) -> SearchConfig:
    plan = parameter(Search[hyperparameters(FAMILY)], f"tune.{FAMILY}")
    if method == "halving":
        # Of as many recipes as the same number of epochs suffices for.
        epochs = plan.trials * plan.rungs[-1]
        plans = (plan.model_copy(update={"trials": count}) for count in range(1, epochs + 1))
        plan = [each for each in plans if length(each, method) <= epochs][-1]
    baseline = training_config(FAMILY, "baseline", plan.rungs[-1], seed)
    machine = baseline.runtime.model_copy(update={"threads": setting(Pool, "pool").threads_per_worker})
    return SearchConfig(plan, method, parameter(Objective, "tune.objective"), replace(baseline, runtime=machine))


def ours(method: str, seed: int, started: float) -> tuple[list[Point], Record]:
    config, epochs = search_config(method, seed), History()
    [search] = tune([config], setting(Pool, "pool"), partial(timed, epochs))["searches"]
    return points(epochs, started, config.objective), search["best"]


@contextmanager
def timed(epochs: History, searches: Callable[[], list[Record]]) -> Iterator[None]:
    """Adds each epoch of the trials as it ends."""
    ended, counts = Event(), Counter[int]()

    def watch() -> None:
        last = False
        while not last:
            last = ended.wait(SECONDS_BETWEEN_LOOKS)
            for trial in (trial for search in searches() for trial in search["trials"]):
                new = trial["epochs"][counts[trial["trial"]] :]
                counts[trial["trial"]] += len(new)
                epochs.extend((time.time(), epoch) for epoch in new)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def plain(method: str, seed: int, started: float) -> tuple[list[Point], Record]:
    with tensorflow_as_it_comes():
        from benchmarks.plain import fed_alike
        from benchmarks.plain_search import search
    config = search_config(method, seed)
    recipe, epochs = search(config, load_training_data(), fed_alike, length(config.plan, OURS[0]))
    return points(epochs, started, config.objective), recipe.model_dump()


def points(epochs: History, started: float, objective: str) -> list[Point]:
    """Where it became better, and its end."""
    curve, best = [], float("-inf")
    for number, (now, epoch) in enumerate(epochs, 1):
        value = score(epoch, objective)
        if value > best or number == len(epochs):
            best = max(best, value)
            curve.append((round(now - started, 1), number, best))
    return curve


def tested(recipe: Record) -> list[float]:
    config = search_config(OURS[0], seed=1).baseline
    config = replace(config, recipe=type(config.recipe)(**recipe), epochs=parameter(Train, "train").epochs)
    train_seeds("tuned", [replace(config, seed=seed) for seed in SEEDS], setting(Pool, "pool"), nullcontext)
    runtime.start(config.runtime)
    from digits.models.keras_file import load_predictor

    test = dataset.load(PREPARED / "test")
    models = (load_predictor(model_file(model_name(FAMILY, "tuned", seed))) for seed in SEEDS)
    return [accuracy(predict(test.images), test.labels) for predict in models]


def kept(record: Path) -> list[Record]:
    return read_json(record)["searches"] if record.exists() else []
