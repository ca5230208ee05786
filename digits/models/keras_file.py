"""Reading and writing of .keras files. A file depends on the model alone: equal models give equal bytes."""

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
from digits.models.kernels import keras_layer, portable_layer


def to_bytes(model: keras.Model) -> bytes:
    """Return the model's .keras file, a zip file, without optimizer, dates and memory addresses."""
    # The clone is not compiled: the optimizer's state is twice the size of the weights, and predictions do not need it.
    clone = clone_with_layers(model, keras_layer)
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        clone.save(path)
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(content, "w") as target:
            for name in source.namelist():
                member = source.read(name)
                if name.endswith(".json"):
                    member = json.dumps(normalize_config(json.loads(member), {})).encode()
                target.writestr(zipfile.ZipInfo(name), member)  # ZipInfo's default date: 1980
    return content.getvalue()


def clone_with_layers(model: keras.Model, clone_layer: Callable[[layers.Layer], layers.Layer]) -> keras.Model:
    uncompiled = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    clone = keras.models.clone_model(uncompiled, clone_function=clone_layer, recursive=True)
    clone.set_weights(model.get_weights())
    return clone


def save(model: keras.Model, path: Path) -> None:
    write_bytes(path, to_bytes(model))


def normalize_config(value: Any, object_ids: dict[int, int]) -> Any:
    """Return a model's JSON without its date, and with numbers from 1 for memory addresses in `shared_object_id`.

    `object_ids` maps addresses to numbers, and is extended by this function, which calls itself for nested values.
    """
    if isinstance(value, list):
        return [normalize_config(item, object_ids) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: normalize_config(item, object_ids) for key, item in value.items() if key != "date_saved"}
    if "shared_object_id" in result:
        result["shared_object_id"] = object_ids.setdefault(result["shared_object_id"], len(object_ids) + 1)
    return result


def load(path: Path) -> keras.Model:
    try:
        return keras.models.load_model(path, compile=False)
    except (OSError, TypeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path} cannot be read as a model ({reason(error)}); run `dvc repro` to create it again"
        ) from None


def load_predictor(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from images to probabilities. It is one graph for any number of images."""
    model = clone_with_layers(load(path), portable_layer)
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[pixels], autograph=False)
    return lambda images: graph(images.astype(np.float32)).numpy()
