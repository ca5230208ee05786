from typing import Annotated

from pydantic import AfterValidator, Field

from digits.params.load import Section, unique

ClassName = Annotated[str, Field(min_length=1)]


Source = Annotated[str, Field(min_length=1, description="mnist, fashion_mnist, or the path of your own .npz")]
Classes = Annotated[
    tuple[ClassName, ...] | None,
    Field(min_length=2, description="a name for each class, in the order of the labels; null: the source's own"),
    AfterValidator(unique),
]


class Data(Section):
    """Where the images come from."""

    source: Source
    classes: Classes
