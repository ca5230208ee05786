"""blocks × (convolutions, pool), then Flatten, Dense, Dropout."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from digits.models.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import Layer


class Hyperparameters(Recipe):
    """blocks × (convolutions, pool), then Flatten, Dense, Dropout, softmax."""

    blocks: Annotated[int, Field(ge=1, le=6, description="groups of convolutions, each then pooled")]
    convolutions: Annotated[int, Field(ge=1, le=4, description="in each block")]
    filters: Annotated[
        int, Field(ge=1, le=4_096, description="filters of the first block; each next has twice as many")
    ]
    kernel: Annotated[Literal[3, 5, 7], Field(description="width and height of a filter")]
    stem_stride: Annotated[
        Literal[1, 2], Field(description="of the first convolution; 2 takes the place of the first block's pooling")
    ]
    batch_norm: Annotated[bool, Field(description="normalise what each layer gives")]
    dense: Annotated[int, Field(ge=1, le=65_536, description="units of the hidden layer")]
    dropout: Annotated[Rate, Field(description="share of those units silenced while training")]


def body(recipe: Hyperparameters, shape: tuple[int, int, int]) -> "list[Layer]":
    from keras import layers

    stack: list[Layer] = []
    side, stride = min(shape[:2]), recipe.stem_stride
    for block in range(recipe.blocks):
        for last in (*[False] * (recipe.convolutions - 1), True):
            # Small images: keep the borders, and stop pooling, rather than run out of pixels.
            fits = side > recipe.kernel
            filters, padding = recipe.filters * 2**block, "valid" if fits else "same"
            stack += [layers.Conv2D(filters, recipe.kernel, stride, padding, use_bias=not recipe.batch_norm)]
            side = (side - (recipe.kernel - 1 if fits else 0) - 1) // stride + 1
            # A stride of the first convolution takes the place of the first block's pooling.
            if last and side >= 2 and not (block == 0 and recipe.stem_stride > 1):
                # ReLU commutes with the maximum: pooling first gives the same for a quarter of the work.
                stack += [layers.MaxPooling2D()]
                side //= 2
            stack += normalised_relu(recipe)
            stride = 1
    stack += [layers.Flatten(), layers.Dense(recipe.dense, use_bias=not recipe.batch_norm)]
    return [*stack, *normalised_relu(recipe), layers.Dropout(recipe.dropout)]


def normalised_relu(recipe: Hyperparameters) -> "list[Layer]":
    from keras import layers

    return [layers.BatchNormalization(), layers.ReLU()] if recipe.batch_norm else [layers.ReLU()]
