from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from digits.models.recipe import Recipe
from digits.params.load import Section, nearest, plain, reason, unique


class Range(Section):
    """Any number between two."""

    min: int | float
    max: int | float
    log: Annotated[bool, Field(description="search the exponent: for values that span powers of ten")] = False

    @model_validator(mode="after")
    def ordered(self) -> "Range":
        if self.min >= self.max:
            raise ValueError("a range whose min is below its max")
        if self.log and self.min <= 0:
            raise ValueError("a range above 0 where log is true")
        return self


Choices = Annotated[tuple[bool | int | float | str, ...], Field(min_length=1), AfterValidator(unique)]


R = TypeVar("R", bound=Recipe)


def kind(values: Any) -> str:
    return "range" if isinstance(values, dict | Range) else "choices"


Values = Annotated[Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(kind)]


def rising(rungs: tuple[int, ...]) -> tuple[int, ...]:
    if list(rungs) != sorted(set(rungs)):
        raise ValueError("a list of rising numbers")
    return rungs


class Search(Section, Generic[R]):
    """How long to search for a family's hyperparameters, and where. What `space` leaves out stays as in `models`."""

    trials: Annotated[int, Field(ge=1, le=100_000, description="recipes to try; the first is the baseline's own")]
    rungs: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000)], ...],
        Field(min_length=1, description="epochs after which trials are compared; the last is a trial's full length"),
        AfterValidator(rising),
    ]
    keep: Annotated[float, Field(gt=0, le=1, description="share of the trials that goes on after each rung")]
    space: Annotated[dict[str, Values], Field(min_length=1, description="[choices] or {min, max, log} for each")]

    @classmethod
    def recipe(cls) -> type[Recipe]:
        return cls.__pydantic_generic_metadata__["args"][0]

    @field_validator("space")
    @classmethod
    def fits_the_recipe(cls, space: dict[str, Range | tuple[Any, ...]]) -> dict[str, Range | tuple[Any, ...]]:
        if wrong := [mistake for name, values in space.items() if (mistake := cls.mistake(name, values))]:
            raise ValueError("; and ".join(wrong))
        return space

    @classmethod
    def mistake(cls, name: str, values: Range | tuple[Any, ...]) -> str | None:
        known = sorted(cls.recipe().model_fields)
        if name not in known:
            return f"over {', '.join(known)}; {plain(name)} is none of them{nearest(name, known)}"
        field = cls.recipe().model_fields[name]
        if isinstance(values, Range) and field.annotation not in (int, float):
            return f"such that {name} is a list of choices, for it has no values in between"
        allowed = TypeAdapter(Annotated[field.annotation, field], config=Section.model_config)
        for value in (values.min, values.max) if isinstance(values, Range) else values:
            try:
                allowed.validate_python(value)
            except ValidationError as error:
                return f"such that {name} is {reason(error.errors()[0])}; {value} is not"
        return None


Seed = Annotated[int, Field(ge=1, lt=2**31, description="of the search and of its trainings")]
Threads = Annotated[int, Field(ge=1, le=1024, description="processor threads of a trial; changes the last bits")]
Workers = Annotated[
    int, Field(ge=1, le=1024, description="trials at once on this machine; changes nothing but the time")
]
Cluster = Annotated[str | None, Field(description="address of a Dask scheduler, tcp://host:8786; null: this machine")]
