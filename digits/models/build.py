"""A family's network as a Keras model: raw pixels in, class probabilities out, scaling included."""

from functools import partial
from math import prod
from traceback import extract_tb
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from digits.config.recipe import Recipe
from digits.core.errors import UserError, reason
from digits.models import families
from digits.models.kernels import PORTABLE_CLASSES


def build(family: str, recipe: Recipe, shape: tuple[int, int, int], n_classes: int, seed: int) -> keras.Model:
    keras.backend.clear_session()
    images = keras.Input(shape)
    pixels = layers.Rescaling(1 / 255)(images)
    if recipe.standardize:
        pixels = standardization()(pixels)
    probabilities = layers.Dense(n_classes, activation="softmax")(features(family, recipe, pixels))
    model = keras.Model(images, probabilities, name=family)
    rng = np.random.default_rng(seed)
    return keras.models.clone_model(model, clone_function=lambda layer: seeded_layer(layer, rng), recursive=True)


def features(family: str, recipe: Recipe, pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Call the family's `body`; an error in it becomes one line with file and line number."""
    file, module = f"digits/models/families/{family}.py", families.load(family)
    try:
        outputs = module.body(recipe, pixels)
    except Exception as error:  # a user's code may raise anything
        frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename == module.__file__]
        line = f", line {frames[-1].lineno}" if frames else ""
        raise UserError(f"{file}{line}: {type(error).__name__}: {reason(error)}") from None
    if not (isinstance(outputs, keras.KerasTensor) and len(outputs.shape) == 2):
        shape = getattr(outputs, "shape", type(outputs).__name__)
        raise UserError(f"{file}: body returns {shape}, not a tensor of shape (images, features)")
    return outputs


def standardization() -> layers.Layer:
    """Return a layer that scales each image to mean 0 and standard deviation 1. It has no weights.

    It is a GroupNormalization with one group of all channels, because Keras loads a LayerNormalization over several
    axes incorrectly from an .h5 file.
    """
    return layers.GroupNormalization(groups=1, epsilon=1e-5, center=False, scale=False, name="standardization")


def seeded_layer(layer: layers.Layer, rng: np.random.Generator) -> layers.Layer:
    """Copy a layer, with seeds from `rng`. Without them, Keras takes seeds from Python's global random generator,
    which all threads of a process share."""
    if not type(layer).__module__.startswith("keras."):
        raise UserError(
            f"{type(layer).__name__} is not a layer of Keras, so the model could not be loaded without this code; "
            "use layers from keras.layers"
        )
    config = layer.get_config()
    assign_seeds(config, rng)
    return PORTABLE_CLASSES.get(type(layer), type(layer)).from_config(config)


def assign_seeds(config: dict[str, Any], rng: np.random.Generator) -> None:
    """Set the seeds of a layer, of its initializers and of the layers that it wraps."""
    if "seed" in config:
        config["seed"] = int(rng.integers(1, 2**31))
    for value in config.values():
        if isinstance(value, dict):
            assign_seeds(value, rng)


def multiply_adds(model: keras.Model) -> int:
    """Count the multiply-adds of all convolutions and matrix products for one image; biases etc. are not counted."""
    image = tf.TensorSpec((1, *model.input_shape[1:]))
    graph = tf.function(partial(model, training=False), autograph=False).get_concrete_function(image).graph
    return sum(map(op_multiply_adds, graph.get_operations()))


def op_multiply_adds(operation: tf.Operation) -> int:
    """Return the number of output values times the number of products that are added up for each of them."""
    match operation.type:
        case "Conv2D":  # filters: height, width, input channels, output channels
            filters = operation.inputs[1].shape
            summed_dims = filters[:3]
        case "DepthwiseConv2dNative":  # filters: height, width, input channels, outputs per channel
            filters = operation.inputs[1].shape
            summed_dims = filters[:2]
        case "MatMul" | "BatchMatMulV2":  # (…, rows, summed) × (…, summed, columns)
            left_matrix = operation.inputs[0].shape
            summed_dims = left_matrix[-1:]
        case "Einsum":  # e.g. "abc,cd->abd": c is summed
            input_axes, output_axes = operation.get_attr("equation").decode().split("->")
            dims = [dim for tensor in operation.inputs for dim in tensor.shape]
            dim_by_axis = dict(zip(input_axes.replace(",", ""), dims, strict=True))
            summed_dims = [dim for axis, dim in dim_by_axis.items() if axis not in output_axes]
        case _:
            return 0
    return prod(operation.outputs[0].shape) * prod(summed_dims)
