"""Trainings per minute on the pool of workers: two side by side, against one after the other

Equal trainings of params.yaml's baselines, an epoch each. Two workers with a thread each are held against one alike,
and against one with both threads. Each worker has started TensorFlow and done a training before the clock runs.
"""

import time
from dataclasses import replace
from functools import partial

from benchmarks.run import Row, compare, fresh, main
from benchmarks.trainings import FAMILIES, images, training_config
from digits.common.errors import UserError
from digits.params.schema import Pool
from digits.training.jobs import TrainingRun
from digits.training.pool import training_pool

TRAININGS, IMAGES = 8, 10_000


def measure(pairs: int, count: int | None) -> list[Row]:
    what = "trainings per minute, 2 at once with a thread each / 1 at a time with 2 threads"
    return [
        row("cnn", "trials per minute with 2 workers / with 1", 1, pairs, count, aim=1.8),
        *(row(family, f"{family}: {what}", 2, pairs, count) for family in FAMILIES),
    ]


def row(family: str, what: str, threads: int, pairs: int, count: int | None, aim: float | None = None) -> Row:
    sides = (partial(fresh, per_minute, family, *each, count or IMAGES) for each in ((2, 1), (1, threads)))
    return compare(what, pairs, *sides, "a minute", aim)


def per_minute(family: str, workers: int, threads: int, count: int) -> float:
    config = training_config(family, "baseline", epochs=1, seed=1)
    config = replace(config, runtime=config.runtime.model_copy(update={"threads": threads}))
    settings = Pool(workers=workers, threads_per_worker=threads, cluster=None)
    with training_pool(settings, config.runtime, workers, family) as pool:
        pool.give(images("train", count), images("validation", 1_000), images("hard", 1_000))
        for number in (workers, TRAININGS):  # the first to warm up
            started, runs = time.perf_counter(), [TrainingRun(str(each), config, goal=1) for each in range(number)]
            pool.train(runs, lambda *_: None)
            if failures := [run.failure for run in runs if run.failure is not None]:
                raise UserError(f"a training failed: {failures[0]}")
        return 60 * TRAININGS / (time.perf_counter() - started)


if __name__ == "__main__":
    main(measure, pairs=3)
