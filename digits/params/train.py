from typing import Annotated

from pydantic import Field

from digits.params.load import Section


class Train(Section):
    """What baseline and tuned models share, so that the comparison is fair."""

    epochs: Annotated[int, Field(ge=1, le=10_000, description="passes over the training images")]
