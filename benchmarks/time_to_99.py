"""Seconds of training to 99 % test accuracy, a fast recipe against the baseline

From the first line of building the network, tracing of its graph included, to the end of the first epoch after which
99 % of the test images are classed rightly. TensorFlow's import and the looks at the test images count on neither
side. The baseline is params.yaml's CNN (constant rate, batches of 128) in plain `model.fit(x, y)`; the fast recipe
runs through this project's code. It was chosen by validation accuracy with seeds 1 and 2, and given a fourth epoch when
the second of the seeds 1 to 3 was one test image short after three. Here each pair has a seed that nobody has looked
at; where it does not reach 99 %, the pair's ratio is 0.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf

from benchmarks.run import Row, compare, fresh, main
from benchmarks.trainings import Begin, Side, images, ours, plain, training_config
from digits.data.dataset import Split
from digits.evaluation.metrics import accuracy
from digits.training.jobs import TrainingConfig

GOAL, GOAL_OF_A_TRY = 0.99, 0.5
LONGEST = 100  # epochs of the baseline
EPOCHS = 4
SEEN = 10  # seeds that choosing the fast recipe may have looked at
# The best of a dozen by validation accuracy: 99.05 % and 99.10 % after its four epochs, with seeds 1 and 2.
FAST = {
    "filters": 16,  # half the baseline's width, and with it a quarter of the work
    "stem_stride": 2,  # the widest maps are never made
    "batch_norm": True,  # bears ten times the rate; half of that was slower to learn
    "dense": 64,
    "dropout": 0.0,  # so few epochs learn no image by heart
    "label_smoothing": 0.05,  # with it, both seeds were past 99 % of the validation images an epoch sooner
    "learning_rate": 0.01,
    "schedule": "one_cycle",  # ends at 0, where accuracy is
}


def measure(pairs: int, count: int | None) -> list[Row]:
    baseline = training_config("cnn", "baseline", LONGEST, seed=1)
    fast = replace(baseline, epochs=EPOCHS, recipe=baseline.recipe.model_copy(update=FAST))
    sides = race(ours, fast, count), race(plain, baseline, count)
    row = compare("seconds of training to 99 % test accuracy: baseline / fast", pairs, *sides, "s", aim=4.0)
    reached = sum(ratio > 0 for ratio in row.values)
    return [replace(row, note=f"{reached} of {pairs} seeds reached 99 %; in the median {row.note}")]


def race(side: Side, config: TrainingConfig, count: int | None) -> Callable[[], float]:
    """With the next seed each time."""
    seeds = itertools.count(SEEN + 1)
    return lambda: fresh(run, side, replace(config, seed=next(seeds)), count)


def run(side: Side, config: TrainingConfig, count: int | None) -> float:
    goal = GOAL if count is None else GOAL_OF_A_TRY
    return seconds_to(goal, side(config), config.epochs, images("train", count), images("test"))


def seconds_to(goal: float, begin: Begin, epochs: int, data: Split, test: Split) -> float:
    """Infinitely many where these epochs are too few."""
    started = time.perf_counter()
    model, epoch = begin(data)
    seconds = time.perf_counter() - started
    for number in range(1, epochs + 1):
        started = time.perf_counter()
        epoch(number)
        seconds += time.perf_counter() - started
        reached = accuracy(model.predict(test.images, batch_size=1000, verbose=0), test.labels)
        print(f"epoch {number}: {reached:.2%} after {seconds:.1f} s", flush=True)
        if reached >= goal:
            return seconds
    return inf


if __name__ == "__main__":
    main(measure, pairs=5)
