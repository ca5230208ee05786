from typing import Annotated

from pydantic import Field

from digits.params.load import Section

Split = Annotated[float, Field(gt=0, lt=1)]


class Prepare(Section):
    """How the images are split."""

    validation_share: Annotated[Split, Field(description="share of the training images kept for validation")]
    test_share: Annotated[Split, Field(description="share split off for testing, where the source has no test images")]
    share: Annotated[float, Field(gt=0, le=1, description="share of all images to use; below 1 only to try things")]
    seed: Annotated[int, Field(ge=1, lt=2**31, description="which images go where")]
