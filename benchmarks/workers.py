"""Trials per minute on the pool of workers: two side by side, against one after the other

All trainings are equal: params.yaml's CNN baseline, one epoch, one thread. Each worker has started TensorFlow and
finished one training before the clock starts.
"""

import time
from dataclasses import replace
from functools import partial

from benchmarks.run import Row, compare, main, run_in_process
from benchmarks.trainings import load_images, training_config
from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.training.jobs import TrainingRun
from digits.training.pool import training_pool

N_TRAININGS, N_IMAGES = 8, 10_000


def measure(n_pairs: int, n_images: int | None) -> list[Row]:
    rates = (partial(run_in_process, trials_per_minute, n_workers, n_images or N_IMAGES) for n_workers in (2, 1))
    return [compare("trials per minute with 2 workers / with 1", n_pairs, *rates, "a minute", aim=1.8)]


def trials_per_minute(n_workers: int, n_images: int) -> float:
    config = training_config("cnn", "baseline", epochs=1, seed=1)
    runtime = config.runtime.model_copy(update={"threads": 1})
    config = replace(config, runtime=runtime)
    pool_settings = Pool(workers=n_workers, threads_per_worker=1, cluster=None)
    with training_pool(pool_settings, runtime, n_workers, config.family) as pool:
        pool.share_data(
            load_images("train", n_images), load_images("validation", 1_000), load_images("validation_corrupted", 1_000)
        )
        for n_runs in (n_workers, N_TRAININGS):  # the first round warms the workers up
            started = time.perf_counter()
            runs = [TrainingRun(str(run), config, target_epoch=1) for run in range(n_runs)]
            pool.run(runs, lambda *_: None)
        if failures := [run.failure for run in runs if run.failure is not None]:
            raise UserError(f"a training failed: {failures[0]}")
        return 60 * N_TRAININGS / (time.perf_counter() - started)


if __name__ == "__main__":
    main(measure, n_repeats=3)
