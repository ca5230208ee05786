"""A family's network as a Keras model: raw pixels in, class probabilities out, scaling included."""

from importlib import import_module
from math import prod
from typing import Any

import keras
import numpy as np
from keras import layers

from digits.models.kernels import FAST
from digits.models.recipe import Recipe


def build(family: str, recipe: Recipe, shape: tuple[int, int, int], classes: int, seed: int) -> keras.Model:
    keras.backend.clear_session()
    stack = [
        layers.Rescaling(1 / 255),
        *([standardization()] if recipe.standardize else []),
        # By name, so that a stage depends on its own family's code and on no other's.
        *import_module(f"digits.families.{family}").body(recipe, shape),
        layers.Dense(classes, activation="softmax"),
    ]
    seeds = np.random.default_rng(seed)
    return keras.Sequential([keras.Input(shape), *(seeded(layer, seeds) for layer in stack)], name=family)


def standardization() -> layers.Layer:
    """Nothing is learnt: faint, bright and dark pictures of one thing come to look the same.

    A group of all channels, for Keras reads a LayerNormalization over several axes wrongly from an .h5 file.
    """
    return layers.GroupNormalization(groups=1, epsilon=1e-5, center=False, scale=False, name="standardization")


def seeded(layer: layers.Layer, seeds: np.random.Generator) -> layers.Layer:
    """A layer without a seed draws one from Python's global generator, which other threads use as well."""
    config = layer.get_config()
    for holder in (config, *(value["config"] for value in config.values() if is_initializer(value))):
        if "seed" in holder:
            holder["seed"] = int(seeds.integers(1, 2**31))
    return FAST.get(type(layer), type(layer)).from_config(config)


def is_initializer(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("module")).startswith("keras.initializers")


def multiply_adds(model: keras.Model) -> int:
    """For one image, of convolutions and dense layers; biases and the like are left out."""
    products = [layer for layer in model.layers if isinstance(layer, layers.Dense | layers.Conv2D)]
    return sum(prod(layer.output.shape[1:-1]) * int(layer.kernel.shape.num_elements()) for layer in products)
