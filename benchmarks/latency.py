"""How soon an export answers, against Keras's own `predict`

Milliseconds of one call from an array of pixels to an array of probabilities: the median of a pair's calls, after one
that counts on no side. `predict` and `tf.function` ask model.keras, which the HDF5 files become as well once loaded;
the SavedModel is asked through its signature, model.tflite by TensorFlow's interpreter, with as many threads as that
takes by itself. All others have params.yaml's threads, and each family a process of its own.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from timeit import repeat

import numpy as np

from benchmarks.run import Row, compare, fresh, main
from digits.common.files import read_array
from digits.common.paths import PREDICTIONS
from digits.export.formats import EXPORTS, load_tflite
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Families, Runtime

CALLS = {1: 50, 256: 20}  # by how many images each asks about
Predict = Callable[[np.ndarray], np.ndarray]


def measure(pairs: int, count: int | None) -> list[Row]:
    settings = parameter(Runtime, "runtime")
    return [row for family in parameter(Families, "families") for row in fresh(rows, family, settings, pairs, count)]


def rows(family: str, settings: Runtime, pairs: int, count: int | None) -> list[Row]:
    runtime.start(settings)
    predict, others = predictors(EXPORTS / family)
    found = []
    for batch, most in CALLS.items():
        images = np.array(read_array(PREDICTIONS / "images.npy")[:batch])
        calls = max(1, min(most, count // batch)) if count else most
        for name, other in others.items():
            what = f"{family}, {batch} image{'s' * (batch > 1)} at once: predict / {name}"
            sides = (partial(milliseconds, each, images, calls) for each in (other, predict))
            found.append(compare(what, pairs, *sides, "ms"))
    return found


def predictors(folder: Path) -> tuple[Predict, dict[str, Predict]]:
    import keras
    import tensorflow as tf

    model = keras.models.load_model(folder / "model.keras")
    saved = tf.saved_model.load(folder / "saved_model")
    signature, function = saved.signatures["serving_default"], tf.function(partial(model, training=False))

    def saved_model(images: np.ndarray, _kept: object = saved) -> np.ndarray:  # its weights live as long as it does
        return signature(images=tf.cast(images, tf.float32))["probabilities"].numpy()

    def traced(images: np.ndarray) -> np.ndarray:
        return function(tf.constant(images)).numpy()

    lite = load_tflite(folder / "model.tflite")
    others = {"SavedModel": saved_model, "tf.function": traced, ".tflite": lambda images: lite(images).probabilities}
    return partial(model.predict, batch_size=max(CALLS), verbose=0), others


def milliseconds(predict: Predict, images: np.ndarray, calls: int) -> float:
    call = partial(predict, images)
    call()
    return 1000 * median(repeat(call, number=1, repeat=calls))


if __name__ == "__main__":
    main(measure, pairs=5)
