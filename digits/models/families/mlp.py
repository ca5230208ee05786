"""A multilayer perceptron."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from digits.config.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Recipe):
    """Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout), then softmax."""

    layers: Annotated[int, Field(ge=1, le=20, description="hidden layers")]
    units: Annotated[int, Field(ge=1, le=65_536, description="units of each hidden layer")]
    batch_norm: Annotated[bool, Field(description="batch normalization after each layer")]
    dropout: Annotated[Rate, Field(description="share of units that are dropped in training")]


def body(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    outputs = layers.Flatten()(inputs)
    for _ in range(recipe.layers):
        outputs = layers.Dense(recipe.units, use_bias=not recipe.batch_norm)(outputs)
        if recipe.batch_norm:
            outputs = layers.BatchNormalization()(outputs)
        outputs = layers.Dropout(recipe.dropout)(layers.ReLU()(outputs))
    return outputs
