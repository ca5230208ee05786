from typing import Annotated

from pydantic import Field

from digits.models.recipe import Rate, Recipe


class Mlp(Recipe):
    """Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout), then softmax."""

    layers: Annotated[int, Field(ge=1, le=20, description="hidden layers")]
    units: Annotated[int, Field(ge=1, le=65_536, description="units of each hidden layer")]
    batch_norm: Annotated[bool, Field(description="normalise what each layer gives")]
    dropout: Annotated[Rate, Field(description="share of units silenced while training")]
