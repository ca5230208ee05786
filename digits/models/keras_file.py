"""A .keras file that depends on the model alone: equal models are equal files, to the last byte."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from digits.core.errors import UserError, reason
from digits.core.files import write_bytes
from digits.models.kernels import fast, plain


def to_bytes(model: keras.Model) -> bytes:
    # A copy never compiled: the optimizer's state is twice the size of the weights and of no use to who predicts.
    bare = rebuilt(model, plain)
    timeless = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        dated = Path(folder, "model.keras")
        bare.save(dated)
        with zipfile.ZipFile(dated) as source, zipfile.ZipFile(timeless, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name.endswith(".json"):
                    content = json.dumps(without_traces(json.loads(content), {})).encode()
                target.writestr(zipfile.ZipInfo(name), content)  # ZipInfo's own date: 1980
    return timeless.getvalue()


def rebuilt(model: keras.Model, layer: Callable[[layers.Layer], layers.Layer]) -> keras.Model:
    uncompiled = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    new = keras.models.clone_model(uncompiled, clone_function=layer, recursive=True)
    new.set_weights(model.get_weights())
    return new


def save(model: keras.Model, path: Path) -> None:
    write_bytes(path, to_bytes(model))


def without_traces(value: Any, numbers: dict[int, int]) -> Any:
    """Without the date, and with objects counted where Keras writes their addresses in memory."""
    if isinstance(value, list):
        return [without_traces(each, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    clean = {name: without_traces(each, numbers) for name, each in value.items() if name != "date_saved"}
    if "shared_object_id" in clean:
        clean["shared_object_id"] = numbers.setdefault(clean["shared_object_id"], len(numbers) + 1)
    return clean


def load(path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, TypeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read as a model ({reason(error)}); `dvc repro` makes it again") from None


def load_predictor(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Images to probabilities: one graph, whatever their number."""
    model = rebuilt(load(path), fast)
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[pixels], autograph=False)
    return lambda images: graph(images.astype(np.float32)).numpy()
