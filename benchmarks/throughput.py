"""Images per second in training, this project's code against plain Keras on the same network

Each side has a process of its own and runs epochs after one to warm up; nothing is evaluated. Plain is `model.fit(x,
y, batch_size=…)` of the same parameters, in the layers of Keras's guides (convolution with its ReLU, then pooling),
with Keras's own optimizer and normalisation and as many threads as TensorFlow takes by itself. Where a recipe
augments its images, plain does it with Keras's four layers for that in a `tf.data` pipeline, as Keras's guide says
for machines without a GPU.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from benchmarks import entry
from benchmarks.pairs import fresh, interleaved
from benchmarks.report import Row
from benchmarks.start import start_plain
from benchmarks.subjects import images, job
from digits.common.paths import VARIANTS
from digits.models import runtime
from digits.training.jobs import TrainingConfig

FAMILIES = ("mlp", "cnn")
AIMS = {("mlp", "baseline"): 2.0, ("cnn", "baseline"): 1.4}
IMAGES = {"mlp": 54_000, "cnn": 18_000}  # an epoch of some seconds
EPOCHS = 3


@dataclass(frozen=True)
class Speed:
    images: float  # a second
    parameters: int
    operations: int  # floating-point, to train on one image


def measure(pairs: int, count: int | None) -> list[Row]:
    return [row(family, variant, pairs, count) for variant in VARIANTS for family in FAMILIES]


def row(family: str, variant: str, pairs: int, count: int | None) -> Row:
    name, trained, shown = f"{family} {variant}", job(family, variant, EPOCHS + 1, seed=1), count or IMAGES[family]
    found = interleaved(pairs, lambda _: fresh(ours, trained, shown), lambda _: fresh(plain, trained, shown))
    ratios = [compared(name, *each) for each in found]
    return Row(f"{name}: images per second / with plain Keras", ratios, AIMS.get((family, variant)))


def compared(name: str, ours: Speed, plain: Speed) -> float:
    assert ours.parameters == plain.parameters, f"{name} is not the same network on both sides"
    print(f"{name}: {ours.images:,.0f} images a second, plain Keras {plain.images:,.0f}", flush=True)
    return ours.images / plain.images


def ours(trained: TrainingConfig, count: int) -> Speed:
    runtime.start(trained.runtime)
    from benchmarks.operations import operations
    from digits.training.trainer import Training

    data = images("train", count)
    training = Training(trained, data, data)
    seconds = timed(lambda number: training.model.fit(training.batches(number), shuffle=False, verbose=0))
    return Speed(len(data) / seconds, training.model.count_params(), operations(training.model))


def plain(trained: TrainingConfig, count: int) -> Speed:
    start_plain()
    from benchmarks.operations import operations
    from benchmarks.plain import augmented, compiled, fit, network
    from digits.training.augment import wanted

    data, recipe = images("train", count), trained.recipe
    model = network(trained.family, recipe, data.images.shape[1:], trained.classes)
    compiled(model, recipe, trained.classes, trained.epochs * (len(data) // recipe.batch_size + 1))
    shown = augmented(data, recipe) if wanted(recipe) else data
    seconds = timed(lambda _: fit(model, shown, recipe))
    return Speed(len(data) / seconds, model.count_params(), operations(model))


def timed(epoch: Callable[[int], object]) -> float:
    """Seconds of an epoch, once all is traced and warm."""
    seconds = []
    for number in range(1, EPOCHS + 2):
        started = time.perf_counter()
        epoch(number)
        seconds.append(time.perf_counter() - started)
    return fmean(seconds[1:])


if __name__ == "__main__":
    entry.run(measure, pairs=3)
