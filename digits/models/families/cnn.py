"""blocks × (convolutions, pool), then Flatten, Dense, Dropout."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from digits.config.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import KerasTensor


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


def body(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    outputs, stride = inputs, recipe.stem_stride
    for block in range(recipe.blocks):
        for last in (*[False] * (recipe.convolutions - 1), True):
            # Small images: keep the borders, and stop pooling, rather than run out of pixels.
            filters, padding = recipe.filters * 2**block, "valid" if side(outputs) > recipe.kernel else "same"
            outputs = layers.Conv2D(filters, recipe.kernel, stride, padding, use_bias=not recipe.batch_norm)(outputs)
            # A stride of the first convolution takes the place of the first block's pooling.
            if last and side(outputs) >= 2 and not (block == 0 and recipe.stem_stride > 1):
                # ReLU commutes with the maximum: pooling first gives the same for a quarter of the work.
                outputs = layers.MaxPooling2D()(outputs)
            outputs, stride = normalised_relu(recipe, outputs), 1
    outputs = layers.Dense(recipe.dense, use_bias=not recipe.batch_norm)(layers.Flatten()(outputs))
    return layers.Dropout(recipe.dropout)(normalised_relu(recipe, outputs))


def side(images: "KerasTensor") -> int:
    return min(images.shape[1:3])


def normalised_relu(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization()(inputs) if recipe.batch_norm else inputs)
