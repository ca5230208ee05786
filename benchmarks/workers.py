"""Trials per minute on the pool of workers: two side by side, against one after the other

Equal trainings of params.yaml's CNN baseline, an epoch and a thread each. Each worker has started TensorFlow and done a
training before the clock runs.
"""

import time
from dataclasses import replace
from functools import partial

from benchmarks.run import Row, compare, fresh, main
from benchmarks.trainings import images, training_config
from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.training.jobs import TrainingRun
from digits.training.pool import training_pool

TRAININGS, IMAGES = 8, 10_000


def measure(pairs: int, count: int | None) -> list[Row]:
    sides = (partial(fresh, per_minute, workers, count or IMAGES) for workers in (2, 1))
    return [compare("trials per minute with 2 workers / with 1", pairs, *sides, "a minute", aim=1.8)]


def per_minute(workers: int, count: int) -> float:
    config = training_config("cnn", "baseline", epochs=1, seed=1)
    machine = config.runtime.model_copy(update={"threads": 1})
    config = replace(config, runtime=machine)
    settings = Pool(workers=workers, threads_per_worker=1, cluster=None)
    with training_pool(settings, machine, workers, config.family) as pool:
        pool.share_data(images("train", count), images("validation", 1_000), images("validation_corrupted", 1_000))
        for number in (workers, TRAININGS):  # the first to warm up
            started, runs = time.perf_counter(), [TrainingRun(str(each), config, goal=1) for each in range(number)]
            pool.run(runs, lambda *_: None)
        if failures := [run.failure for run in runs if run.failure is not None]:
            raise UserError(f"a training failed: {failures[0]}")
        return 60 * TRAININGS / (time.perf_counter() - started)


if __name__ == "__main__":
    main(measure, pairs=3)
