"""How much of the processor's speed a training uses

Floating-point operations per second of the training (products and sums of its convolutions and dense layers, forwards
and backwards; nothing else is counted) over those of a product of two float32 matrices of 2048 × 2048, with the same
TensorFlow and threads. Each has a process of its own.
"""

import time

from benchmarks import entry
from benchmarks.pairs import fresh, interleaved
from benchmarks.report import Row
from benchmarks.subjects import job
from benchmarks.throughput import EPOCHS, FAMILIES, IMAGES, ours
from digits.common.paths import VARIANTS
from digits.models import runtime
from digits.params.schema import Runtime
from digits.training.jobs import TrainingConfig

SIDE = 2048
SECONDS = 3


def measure(pairs: int, count: int | None) -> list[Row]:
    trainings = [job(family, variant, EPOCHS + 1, seed=1) for variant in VARIANTS for family in FAMILIES]
    names = [f"{family} {variant}" for variant in VARIANTS for family in FAMILIES]
    machine = trainings[0].runtime
    found = list(
        interleaved(
            pairs,
            lambda _: [speed(training, count or IMAGES[training.family]) for training in trainings],
            lambda _: fresh(product, machine),
        )
    )
    for mine, most in found:
        each = ", ".join(f"{name} {value / 1e9:.1f}" for name, value in zip(names, mine, strict=True))
        print(f"GFLOP/s: {each}; matrix product {most / 1e9:.1f}")
    return [
        Row(f"{name}: share of the matrix product's speed", [mine[place] / most for mine, most in found], unit="%")
        for place, name in enumerate(names)
    ]


def speed(training: TrainingConfig, count: int) -> float:
    found = fresh(ours, training, count)
    return found.images * found.operations


def product(machine: Runtime) -> float:
    runtime.start(machine)
    import tensorflow as tf

    one = tf.random.stateless_uniform((SIDE, SIDE), (1, 2))
    multiply = tf.function(tf.matmul)
    multiply(one, one).numpy()
    started, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < SECONDS:
        multiply(one, one).numpy()
        count += 1
    return count * 2 * SIDE**3 / passed


if __name__ == "__main__":
    entry.run(measure, pairs=3)
