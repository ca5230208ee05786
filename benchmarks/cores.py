"""The trainings of a run, on all cores side by side, against one after the other with all cores' threads

Baselines, trials and tuned models of params.yaml and its search, with a fifth of their epochs. They train in three
groups, as DVC's stages do, so that three seeds keep three cores busy and no more. The clock runs while they train. n is
1, for a pair takes nine minutes on two cores; it is meant for machines with many (docs/scaling.md has figures of one).
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import ceil

from benchmarks.run import Row, compare, fresh, main
from benchmarks.trainings import FAMILIES, images, train, training_config
from digits.config.load import parameter
from digits.config.schema import Pool, Runtime, Seeds, Train
from digits.core.files import read_json
from digits.core.paths import search_file
from digits.training.jobs import TrainingConfig, TrainingRun
from digits.training.pool import training_pool

SHARE = 0.2  # of the epochs


def measure(pairs: int, count: int | None) -> list[Row]:
    cores = len(os.sched_getaffinity(0))
    what = f"the trainings of a run, {cores} at once with a thread each / in turn with {cores} threads"
    return [
        compare(
            f"{family}: {what}",
            pairs,
            partial(fresh, seconds, family, cores, 1, count),
            partial(fresh, seconds, family, 1, cores, count),
            "s",
        )
        for family in FAMILIES
    ]


def seconds(family: str, workers: int, threads: int, count: int | None) -> float:
    machine = parameter(Runtime, "runtime").model_copy(update={"threads": threads})
    settings, total = Pool(workers=workers, threads_per_worker=threads, cluster=None), 0.0
    with training_pool(settings, machine, workers, family) as pool:
        pool.give(images("train", count), images("validation", count), images("hard", count))
        for group, configs in groups(family):
            runs = [
                TrainingRun(f"{group}-{number}", replace(config, runtime=machine), goal=ceil(SHARE * config.epochs))
                for number, config in enumerate(configs)
            ]
            started = time.perf_counter()
            train(pool, runs)
            total += time.perf_counter() - started
            print(f"{family} {group}, {workers} × {threads}: {time.perf_counter() - started:.1f} s", flush=True)
    return total


def groups(family: str) -> Iterator[tuple[str, list[TrainingConfig]]]:
    epochs, seeds = parameter(Train, "train").epochs, parameter(Seeds, "seeds")
    baseline, tuned = (training_config(family, variant, epochs, seed=1) for variant in ("baseline", "tuned"))
    search = read_json(search_file(family))["searches"][0]
    recipes = [type(baseline.recipe)(**trial["hyperparameters"]) for trial in search["trials"]]
    yield "baselines", [replace(baseline, seed=seed) for seed in seeds]
    yield "trials", [replace(baseline, recipe=each, epochs=len(search["trials"][0]["epochs"])) for each in recipes]
    yield "tuned models", [replace(tuned, seed=seed) for seed in seeds]


if __name__ == "__main__":
    main(measure, pairs=1)
