from typing import Annotated, Literal

from pydantic import Field

from digits.models.recipe import Rate, Recipe


class Cnn(Recipe):
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
