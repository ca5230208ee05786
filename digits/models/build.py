"""A family's network as a Keras model: raw pixels in, class probabilities out, nothing left to do outside."""

from importlib import import_module
from types import ModuleType
from typing import Any

import keras
import numpy as np
from keras import layers

from digits.models.kernels import FAST
from digits.models.recipe import Recipe


def family_named(name: str) -> ModuleType:
    """Imported by name, so that a stage depends on its own family's code and on no other's."""
    return import_module(f"digits.families.{name}")


def build(family: str, chosen: Recipe, shape: tuple[int, int, int], classes: int, seed: int) -> keras.Model:
    keras.backend.clear_session()
    stack = [
        layers.Rescaling(1 / 255),
        *family_named(family).body(chosen, shape),
        layers.Dense(classes, activation="softmax"),
    ]
    seeds = np.random.default_rng(seed)
    return keras.Sequential([keras.Input(shape), *(seeded(layer, seeds) for layer in stack)], name=family)


def seeded(layer: layers.Layer, seeds: np.random.Generator) -> layers.Layer:
    """By itself a layer asks Python's global generator for its seeds, which other threads draw from, too."""
    config = layer.get_config()
    for holder in (config, *(value["config"] for value in config.values() if is_initializer(value))):
        if "seed" in holder:
            holder["seed"] = int(seeds.integers(1, 2**31))
    return FAST.get(type(layer), type(layer)).from_config(config)


def is_initializer(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("module")).startswith("keras.initializers")


def multiply_adds(model: keras.Model) -> int:
    """Of the products that make up the work of one image; additions of biases and the like are left out."""
    return sum(map(of_layer, model.layers))


def of_layer(layer: layers.Layer) -> int:
    if isinstance(layer, layers.Dense | layers.Conv2D):
        positions = 1
        for size in layer.output.shape[1:-1]:
            positions *= size
        return positions * int(layer.kernel.shape.num_elements())
    return 0
