from typing import Annotated

from pydantic import Field

from digits.params.load import Section


class Track(Section):
    """Which model MLflow calls the champion."""

    model: Annotated[
        str, Field(pattern=r"^[\w.-]+$", max_length=100, description="the name of the winner in MLflow's registry")
    ]
    margin: Annotated[float, Field(ge=0, lt=1, description="test accuracy by which a new model must beat the champion")]
