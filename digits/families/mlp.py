"""Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout)."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from digits.models.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import Layer


class Hyperparameters(Recipe):
    """Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout), then softmax."""

    layers: Annotated[int, Field(ge=1, le=20, description="hidden layers")]
    units: Annotated[int, Field(ge=1, le=65_536, description="units of each hidden layer")]
    batch_norm: Annotated[bool, Field(description="normalise what each layer gives")]
    dropout: Annotated[Rate, Field(description="share of units silenced while training")]


def body(recipe: Hyperparameters, _shape: tuple[int, int, int]) -> "list[Layer]":
    from keras import layers

    stack: list[Layer] = [layers.Flatten()]
    for _ in range(recipe.layers):
        stack.append(layers.Dense(recipe.units, use_bias=not recipe.batch_norm))
        if recipe.batch_norm:
            stack.append(layers.BatchNormalization())
        stack += [layers.ReLU(), layers.Dropout(recipe.dropout)]
    return stack
