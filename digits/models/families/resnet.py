"""A residual network."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from digits.config.recipe import Rate, Recipe

if TYPE_CHECKING:
    from keras import KerasTensor


class Hyperparameters(Recipe):
    """Stem, then stages × blocks, then average pooling, Dropout, softmax."""

    # The stem is one convolution. A block is two convolutions with a shortcut; the blocks of a stage have outputs of
    # the same shape.

    stem_stride: Annotated[Literal[1, 2], Field(description="stride of the first convolution")]
    stages: Annotated[
        int, Field(ge=1, le=6, description="each after the first halves the image sides and doubles the filters")
    ]
    blocks: Annotated[int, Field(ge=1, le=50, description="residual blocks per stage, with two convolutions each")]
    filters: Annotated[int, Field(ge=1, le=4_096, description="filters of the first stage")]
    dropout: Annotated[Rate, Field(description="share of the pooled features that are dropped in training")]


def body(recipe: Hyperparameters, inputs: "KerasTensor") -> "KerasTensor":
    from keras import layers

    def conv_bn(images: "KerasTensor", filters: int, kernel: int, stride: int) -> "KerasTensor":
        return layers.BatchNormalization()(layers.Conv2D(filters, kernel, stride, "same", use_bias=False)(images))

    outputs = layers.ReLU()(conv_bn(inputs, recipe.filters, 3, recipe.stem_stride))
    for stage in range(recipe.stages):
        filters = recipe.filters * 2**stage
        for block in range(recipe.blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            residual = layers.ReLU()(conv_bn(outputs, filters, 3, stride))
            residual = conv_bn(residual, filters, 3, 1)
            shortcut = outputs if outputs.shape == residual.shape else conv_bn(outputs, filters, 1, stride)
            outputs = layers.ReLU()(layers.Add()([shortcut, residual]))
    return layers.Dropout(recipe.dropout)(layers.GlobalAveragePooling2D()(outputs))
