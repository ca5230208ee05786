"""What is compared: each family, trained with each seed."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from digits.params.load import unique

# A seed of 0 means "random" to Keras Tuner.
Seeds = Annotated[tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], Field(min_length=1), AfterValidator(unique)]
Families = Annotated[tuple[Literal["mlp", "cnn"], ...], Field(min_length=1), AfterValidator(unique)]
