"""How soon an export answers, against Keras's own `predict`

Milliseconds of one call from an array of pixels to an array of probabilities: the median of a pair's calls, after one
that counts on no side. `predict` and `tf.function` ask model.keras, which the HDF5 files become as well once loaded;
the SavedModel is asked through its signature. All with params.yaml's threads, each family in a process of its own.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import entry
from benchmarks.pairs import fresh, interleaved
from benchmarks.report import Row
from digits.common.files import read_array
from digits.common.paths import PREDICTIONS
from digits.export.formats import EXPORTS
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Families, Runtime

CALLS = {1: 50, 256: 20}  # by how many images each asks about

Predictor = Callable[[np.ndarray], np.ndarray]


def measure(pairs: int, count: int | None) -> list[Row]:
    machine = parameter(Runtime, "runtime")
    return [row for family in parameter(Families, "families") for row in fresh(rows, family, machine, pairs, count)]


def rows(family: str, machine: Runtime, pairs: int, count: int | None) -> list[Row]:
    runtime.start(machine)
    plain, others = ways(EXPORTS / family)
    found = []
    for batch, most in CALLS.items():
        images = np.array(read_array(PREDICTIONS / "images.npy")[:batch])
        calls = max(1, min(most, count // batch)) if count else most
        for name, ask in others.items():
            seconds = interleaved(pairs, partial(timed, ask, images, calls), partial(timed, plain, images, calls))
            found.append(row(f"{family}, {batch} image{'s' * (batch > 1)} at once: predict / {name}", list(seconds)))
    return found


def ways(folder: Path) -> tuple[Predictor, dict[str, Predictor]]:
    import keras
    import tensorflow as tf

    model = keras.models.load_model(folder / "model.keras")
    served = tf.saved_model.load(folder / "saved_model")
    signature, function = served.signatures["serving_default"], tf.function(partial(model, training=False))

    def of_signature(images: np.ndarray, _kept: object = served) -> np.ndarray:  # its weights live as long as it does
        return signature(images=tf.cast(images, tf.float32))["probabilities"].numpy()

    def of_function(images: np.ndarray) -> np.ndarray:
        return function(tf.constant(images)).numpy()

    plain = partial(model.predict, batch_size=max(CALLS), verbose=0)
    return plain, {"SavedModel": of_signature, "tf.function": of_function}


def timed(ask: Predictor, images: np.ndarray, calls: int, _pair: int) -> float:
    ask(images)
    taken = []
    for _ in range(calls):
        started = time.perf_counter()
        ask(images)
        taken.append(time.perf_counter() - started)
    return median(taken)


def row(what: str, seconds: list[tuple[float, float]]) -> Row:
    ours, theirs = (1000 * median(side) for side in zip(*seconds, strict=True))
    return Row(what, [plain / mine for mine, plain in seconds], note=f"{ours:.2f} ms against {theirs:.2f} ms")


if __name__ == "__main__":
    entry.run(measure, pairs=5)
