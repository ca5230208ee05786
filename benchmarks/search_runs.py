"""One search of each tuner, begun in a process of its own, kept, and its best recipe tested."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.run import fresh, machine
from benchmarks.search_curve import Curve, curves
from benchmarks.trainings import images, tensorflow_as_it_comes, train, training_config
from digits.common.files import read_json, write_json
from digits.common.paths import CLASSES, PREPARED
from digits.data import dataset
from digits.evaluation.metrics import accuracy
from digits.families import hyperparameters
from digits.models import runtime
from digits.params.load import parameter, setting
from digits.params.schema import Objective, Pool, Search, Train
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
    points, recipe = fresh({"ours": ours, "plain": theirs}[tuner], method, seed, started)
    seconds = round(time.time() - started, 1)
    print(f"{tuner} {method}, seed {seed}: {points[-1][2]:.4f} in {seconds:.0f} s, {points[-1][1]} epochs", flush=True)
    # Another record of the same search was of other images or another space.
    found = [each for each in found if any(each[name] != what[name] for name in what)]
    more = {"fingerprint": identity, "machine": machine(), "seconds": seconds, "points": points, "recipe": recipe}
    write_json(record, {"searches": [*found, what | more]})


def search_config(method: str, seed: int, family: str = FAMILY) -> SearchConfig:
    plan = parameter(Search[hyperparameters(family)], f"tune.{family}")
    if method == "halving":
        plan = plan.model_copy(update={"trials": most(plan.trials * plan.rungs[-1], plan.rungs, plan.keep)})
    baseline = training_config(family, "baseline", plan.rungs[-1], seed)
    machine = baseline.runtime.model_copy(update={"threads": setting(Pool, "pool").threads_per_worker})
    return SearchConfig(plan, method, parameter(Objective, "tune.objective"), replace(baseline, runtime=machine))


def most(epochs: int, rungs: tuple[int, ...], keep: float) -> int:
    """Recipes that so many epochs suffice for."""
    return max(count for count in range(1, epochs + 1) if spent(count, rungs, keep) <= epochs)


def spent(recipes: int, rungs: tuple[int, ...], keep: float) -> int:
    return length(Search.model_construct(trials=recipes, rungs=rungs, keep=keep), "halving")


def ours(method: str, seed: int, started: float) -> tuple[list[Any], Record]:
    config = search_config(method, seed)
    curves.append(Curve(started, config.objective))
    reporter.WRITER = "benchmarks.search_curve"
    os.environ.pop("DIGITS_TRACKING", None)
    [found] = tune([config], setting(Pool, "pool"))["searches"]
    return thinned(curves[0]), found["best"]


def theirs(method: str, seed: int, started: float) -> tuple[list[Any], Record]:
    with tensorflow_as_it_comes():
        from benchmarks import plain, plain_search
    config = search_config(method, seed)
    curve = Curve(started, config.objective)
    epochs = length(config.plan, OURS[0])
    recipe = plain_search.search(config, training_images(), plain.fed_alike, curve, epochs)
    return thinned(curve), recipe.model_dump()


def thinned(curve: Curve) -> list[Any]:
    """Where it became better, and its end."""
    better = [after for before, after in pairwise([(0, 0, 0.0), *curve.points]) if after[2] > before[2]]
    return [*better, curve.points[-1]]


def test_once(record: Path, found: Record) -> None:
    if "test_accuracy" in found:
        return
    found["test_accuracy"] = fresh(tested, found["recipe"])
    searches = [found if each["fingerprint"] == found["fingerprint"] else each for each in kept(record)]
    write_json(record, {"searches": searches})


def tested(recipe: Record) -> list[float]:
    config = search_config(OURS[0], seed=1).baseline
    config = replace(config, recipe=type(config.recipe)(**recipe), epochs=parameter(Train, "train").epochs)
    runs = [TrainingRun(str(seed), replace(config, seed=seed), goal=config.epochs) for seed in SEEDS]
    with training_pool(setting(Pool, "pool"), config.runtime, len(runs), FAMILY) as pool:
        pool.give(*training_images())
        train(pool, runs)
    runtime.start(config.runtime)
    from digits.evaluation.predictor import load_predictor

    test, accuracies = dataset.load(PREPARED / "test"), []
    for run in runs:
        path = Path(f"{run.name}.keras")
        path.write_bytes(run.model)
        accuracies.append(accuracy(load_predictor(path)(test.images), test.labels))
    return accuracies


def kept(record: Path) -> list[Record]:
    return read_json(record)["searches"] if record.exists() else []
