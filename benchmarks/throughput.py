"""Images per second in training, this project's code against plain Keras on the same network

Each side has a process of its own and runs epochs after one to warm up; nothing is evaluated. Plain is `model.fit(x,
y, batch_size=…)` of the same parameters, in the layers of Keras's guides (convolution with its ReLU, then pooling),
with Keras's own optimizer and normalisation and as many threads as TensorFlow takes by itself. Where a recipe
augments its images, plain does it with Keras's own layers for that in a `tf.data` pipeline, as Keras's guide says
for machines without a GPU.
"""

import time
from functools import partial
from itertools import product
from statistics import fmean

from benchmarks.run import Row, compare, fresh, main
from benchmarks.trainings import FAMILIES, Side, images, ours, plain, training_config
from digits.core.paths import VARIANTS
from digits.training.jobs import TrainingConfig

AIMS = {"mlp baseline": 2.0, "cnn baseline": 1.4}
IMAGES = {"mlp": 54_000, "cnn": 18_000}  # an epoch of some seconds
EPOCHS = 3


def measure(pairs: int, count: int | None) -> list[Row]:
    rows = []
    for variant, family in product(VARIANTS, FAMILIES):
        config, name = training_config(family, variant, EPOCHS + 1, seed=1), f"{family} {variant}"
        sides = (partial(fresh, speed, side, config, count or IMAGES[family]) for side in (ours, plain))
        what = f"{name}: images per second / with plain Keras"
        rows.append(compare(what, pairs, *sides, "images/s", AIMS.get(name)))
    return rows


def speed(side: Side, config: TrainingConfig, count: int) -> float:
    """Images per second, once all is traced and warm."""
    begin, data, seconds = side(config), images("train", count), []
    _, epoch = begin(data)
    for number in range(1, config.epochs + 1):
        started = time.perf_counter()
        epoch(number)
        seconds.append(time.perf_counter() - started)
    return len(data) / fmean(seconds[1:])


if __name__ == "__main__":
    main(measure, pairs=5)
