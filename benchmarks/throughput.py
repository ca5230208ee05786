"""Images per second in training, this project's code against plain Keras on the same network

Each side has a process of its own and runs epochs after one to warm up; nothing is evaluated. Plain is `model.fit(x,
y, batch_size=…)` of the same parameters, in the layers of Keras's guides (convolution with its ReLU, then pooling),
with Keras's own optimizer and normalisation and as many threads as TensorFlow takes by itself. Where a recipe
augments its images, plain does it with Keras's four layers for that in a `tf.data` pipeline, as Keras's guide says
for machines without a GPU.
"""

import time
from statistics import fmean

from benchmarks.run import Row, fresh, interleaved, main
from benchmarks.trainings import FAMILIES, Side, images, ours, plain, training_config
from digits.common.paths import VARIANTS
from digits.training.jobs import TrainingConfig

AIMS = {("mlp", "baseline"): 2.0, ("cnn", "baseline"): 1.4}
IMAGES = {"mlp": 54_000, "cnn": 18_000}  # an epoch of some seconds
EPOCHS = 3


def measure(pairs: int, count: int | None) -> list[Row]:
    return [row(family, variant, pairs, count) for variant in VARIANTS for family in FAMILIES]


def row(family: str, variant: str, pairs: int, count: int | None) -> Row:
    name, trained, count = (
        f"{family} {variant}",
        training_config(family, variant, EPOCHS + 1, seed=1),
        count or IMAGES[family],
    )
    found, ratios = (
        interleaved(pairs, lambda _: fresh(speed, ours, trained, count), lambda _: fresh(speed, plain, trained, count)),
        [],
    )
    for (mine, my_size), (theirs, their_size) in found:
        assert my_size == their_size, f"{name} is not the same network on both sides"
        print(f"{name}: {mine:,.0f} images a second, plain Keras {theirs:,.0f}", flush=True)
        ratios.append(mine / theirs)
    return Row(f"{name}: images per second / with plain Keras", ratios, AIMS.get((family, variant)))


def speed(side: Side, trained: TrainingConfig, count: int) -> tuple[float, int]:
    """Images per second once all is traced and warm, and the network's parameters."""
    begin, data, seconds = side(trained), images("train", count), []
    model, epoch = begin(data)
    for number in range(1, trained.epochs + 1):
        started = time.perf_counter()
        epoch(number)
        seconds.append(time.perf_counter() - started)
    return len(data) / fmean(seconds[1:]), model.count_params()


if __name__ == "__main__":
    main(measure, pairs=3)
