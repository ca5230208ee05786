"""A convolutional network."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from digits.config.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Recipe):
    """blocks × (convolutions, pool), then Flatten, Dense, Dropout, softmax."""

    blocks: Annotated[int, Field(ge=1, le=6, description="groups of convolutions, each followed by pooling")]
    convolutions: Annotated[int, Field(ge=1, le=4, description="convolutions per block")]
    filters: Annotated[
        int, Field(ge=1, le=4_096, description="filters of the first block; doubled in each further block")
    ]
    kernel: Annotated[Literal[3, 5, 7], Field(description="width and height of a filter")]
    stem_stride: Annotated[
        Literal[1, 2], Field(description="stride of the first convolution; 2 replaces the pooling of the first block")
    ]
    batch_norm: Annotated[bool, Field(description="batch normalization after each layer")]
    dense: Annotated[int, Field(ge=1, le=65_536, description="units of the hidden layer")]
    dropout: Annotated[Rate, Field(description="share of those units that are dropped in training")]


def body(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    outputs = inputs
    for block in range(recipe.blocks):
        filters = recipe.filters * 2**block
        has_pooling = block > 0 or recipe.stem_stride == 1
        for convolution in range(recipe.convolutions):
            is_first, is_last = convolution == 0, convolution == recipe.convolutions - 1
            stride = recipe.stem_stride if block == 0 and is_first else 1
            # Small images are padded, and no longer pooled, so that they do not shrink to nothing.
            padding = "valid" if shorter_side(outputs) > recipe.kernel else "same"
            outputs = layers.Conv2D(filters, recipe.kernel, stride, padding, use_bias=not recipe.batch_norm)(outputs)
            if is_last and has_pooling and shorter_side(outputs) >= 2:
                # ReLU commutes with the maximum: pooling first gives the same result for a quarter of the work.
                outputs = layers.MaxPooling2D()(outputs)
            outputs = activation(recipe, outputs)
    outputs = layers.Dense(recipe.dense, use_bias=not recipe.batch_norm)(layers.Flatten()(outputs))
    return layers.Dropout(recipe.dropout)(activation(recipe, outputs))


def shorter_side(images: "KerasTensor") -> int:
    return min(images.shape[1:3])


def activation(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization()(inputs) if recipe.batch_norm else inputs)
