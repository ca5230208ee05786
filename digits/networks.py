"""A family's network as a Keras model: raw pixels in, class probabilities out, nothing left to do outside."""

from importlib import import_module
from types import ModuleType

import keras
from keras import layers

from digits.params.recipe import Recipe


def family_named(name: str) -> ModuleType:
    """Imported by name, so that a stage depends on its own family's code and on no other's."""
    return import_module(f"digits.families.{name}")


def build(family: str, chosen: Recipe, shape: tuple[int, int, int], classes: int) -> keras.Model:
    keras.backend.clear_session()
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Rescaling(1 / 255),
            *family_named(family).body(chosen, shape),
            layers.Dense(classes, activation="softmax"),
        ],
        name=family,
    )


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
