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
from digits.models.kernels import FAST


def build(family: str, recipe: Recipe, shape: tuple[int, int, int], classes: int, seed: int) -> keras.Model:
    keras.backend.clear_session()
    images = keras.Input(shape)
    pixels = layers.Rescaling(1 / 255)(images)
    if recipe.standardize:
        pixels = standardization()(pixels)
    probabilities = layers.Dense(classes, activation="softmax")(features(family, recipe, pixels))
    model = keras.Model(images, probabilities, name=family)
    seeds = np.random.default_rng(seed)
    return keras.models.clone_model(model, clone_function=lambda layer: seeded(layer, seeds), recursive=True)


def features(family: str, recipe: Recipe, pixels: keras.KerasTensor) -> keras.KerasTensor:
    file, module = f"digits/models/families/{family}.py", families.load(family)
    try:
        found = module.body(recipe, pixels)
    except Exception as error:  # it is anybody's code
        lines = [
            f", line {each.lineno}" for each in extract_tb(error.__traceback__) if each.filename == module.__file__
        ]
        raise UserError(f"{file}{''.join(lines[-1:])}: {type(error).__name__}: {reason(error)}") from None
    if not (isinstance(found, keras.KerasTensor) and len(found.shape) == 2):
        given = getattr(found, "shape", type(found).__name__)
        raise UserError(f"{file}: body returns {given}, not a tensor of (images, features)")
    return found


def standardization() -> layers.Layer:
    """Nothing is learnt: faint, bright and dark pictures of one thing come to look the same.

    A group of all channels, for Keras reads a LayerNormalization over several axes wrongly from an .h5 file.
    """
    return layers.GroupNormalization(groups=1, epsilon=1e-5, center=False, scale=False, name="standardization")


def seeded(layer: layers.Layer, seeds: np.random.Generator) -> layers.Layer:
    """A layer without a seed draws one from Python's global generator, which other threads use as well."""
    if not type(layer).__module__.startswith("keras."):
        raise UserError(f"{type(layer).__name__} is no layer of Keras's, so whoever loads the model would not know it")
    config = layer.get_config()
    sow(config, seeds)
    return FAST.get(type(layer), type(layer)).from_config(config)


def sow(config: dict[str, Any], seeds: np.random.Generator) -> None:
    """In the layer, in its initializers, in a layer that it wraps."""
    if "seed" in config:
        config["seed"] = int(seeds.integers(1, 2**31))
    for value in config.values():
        if isinstance(value, dict):
            sow(value, seeds)


def multiply_adds(model: keras.Model) -> int:
    """For one image, of convolutions and matrix products, in whichever layer; biases and the like are left out."""
    image = tf.TensorSpec((1, *model.input_shape[1:]))
    graph = tf.function(partial(model, training=False), autograph=False).get_concrete_function(image).graph
    return sum(map(products, graph.get_operations()))


def products(operation: tf.Operation) -> int:
    match operation.type:
        case "Conv2D":
            summed = operation.inputs[1].shape[:-1]
        case "DepthwiseConv2dNative":
            summed = operation.inputs[1].shape[:-2]
        case "MatMul" | "BatchMatMulV2":
            summed = operation.inputs[0].shape[-1:]
        case "Einsum":
            terms, kept = operation.get_attr("equation").decode().split("->")
            sizes = [size for each in operation.inputs for size in each.shape]
            axes = dict(zip(terms.replace(",", ""), sizes, strict=True))
            summed = [size for axis, size in axes.items() if axis not in kept]
        case _:
            return 0
    return prod(operation.outputs[0].shape) * prod(summed)
