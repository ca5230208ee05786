"""Every section of params.yaml: what it may hold, and the JSON Schema by which editors know it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from digits.config.load import FILE, Section, nearest, printable, reason, shown, unique
from digits.config.recipe import Recipe
from digits.core.errors import UserError

R = TypeVar("R", bound=Recipe)
Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=1, lt=2**31)]  # 0 means "random" to Keras Tuner
Threads = Annotated[int, Field(ge=1, le=1024, description="processor threads; changes the last bits of a result")]
OneDnn = Annotated[bool, Field(description="Intel's kernels for convolutions, on any x86-64 processor")]
Families = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(unique)]
Objective = Annotated[
    str, Field(description="balanced: error, loss and error on corrupted images alike; accuracy: nothing else")
]
Method = Annotated[
    Literal["random", "bayesian", "hyperband", "halving"],
    Field(description="Keras Tuner's own; or successive halving by `rungs` and `keep`"),
]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(unique)]
Source = Annotated[
    str, Field(min_length=1, description="mnist, fashion_mnist, or your own folder of pictures, .csv, .parquet or .npz")
]
Size = Annotated[
    int | None,
    Field(ge=8, le=512, description="pixels a side, of a folder's pictures; null: all of them have one size"),
]


def class_name(name: str) -> str:
    """In tables and on pages, in one line, and unlike every other."""
    if not name or not name.isprintable() or name != name.strip():
        raise ValueError("printable, and neither empty nor with a space at an end")
    return name


Classes = Annotated[
    tuple[Annotated[str, Field(min_length=1), AfterValidator(class_name)], ...] | None,
    Field(min_length=2, description="a name for each class, in the order of the labels; null: the source's own"),
    AfterValidator(unique),
]


class Data(Section):
    """Where the images come from."""

    source: Source
    size: Size
    classes: Classes


class Prepare(Section):
    """How the images are split."""

    validation_share: Annotated[Share, Field(description="share of the training images kept for validation")]
    test_share: Annotated[Share, Field(description="share split off for testing, where the source has no test images")]
    share: Annotated[float, Field(gt=0, le=1, description="share of all images to use; below 1 only to try things")]
    seed: Annotated[Seed, Field(description="which images go where")]


class Runtime(Section):
    """What TensorFlow runs on. Each of these changes the last bits of a result."""

    threads: Threads
    onednn: OneDnn


class Pool(Section):
    """What trains: baselines, the search's trials, tuned models."""

    workers: Annotated[int | None, Field(ge=1, le=1024, description="trainings at once; null: one a core, or GPU")]
    threads_per_worker: Threads
    cluster: Annotated[str | None, Field(description="a Dask scheduler, tcp://host:8786; null: this machine")]


class Train(Section):
    """What baseline and tuned models share, so that the comparison is fair."""

    epochs: Annotated[int, Field(ge=1, le=10_000, description="passes over the training images")]


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


def rising(rungs: tuple[int, ...]) -> tuple[int, ...]:
    if list(rungs) != sorted(set(rungs)):
        raise ValueError("a list of increasing numbers")
    return rungs


Choices = Annotated[tuple[bool | int | float | str, ...], Field(min_length=1), AfterValidator(unique)]
Values = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")],
    Discriminator(lambda values: "range" if isinstance(values, dict | Range) else "choices"),
]


class Search(Section, Generic[R]):
    """How long to search for a family's hyperparameters, and where. What `space` leaves out stays as in `models`."""

    trials: Annotated[int, Field(ge=1, le=100_000, description="recipes to try; the first is the baseline's own")]
    rungs: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000)], ...],
        Field(min_length=1, description="the last is a trial's epochs; after each, halving compares trials"),
        AfterValidator(rising),
    ]
    keep: Annotated[float, Field(gt=0, le=1, description="of halving: share of trials that goes on after each rung")]
    space: Annotated[dict[str, Values], Field(min_length=1, description="[choices] or {min, max, log} for each")]

    @classmethod
    def recipe(cls) -> type[Recipe]:
        return cls.__pydantic_generic_metadata__["args"][0]

    @field_validator("space")
    @classmethod
    def fits_the_recipe(cls, space: dict[str, Range | tuple[Any, ...]]) -> dict[str, Range | tuple[Any, ...]]:
        if wrong := [mistake for name, values in space.items() if (mistake := cls.mistake(name, values))]:
            raise ValueError(f"a space {'; and '.join(wrong)}")
        # 0 among fractions is one: Keras Tuner takes values of one type only.
        return {
            name: values if isinstance(values, Range) else tuple(map(cls.adapter(name).validate_python, values))
            for name, values in space.items()
        }

    @classmethod
    def adapter(cls, hyperparameter: str) -> TypeAdapter[Any]:
        field = cls.recipe().model_fields[hyperparameter]
        return TypeAdapter(Annotated[field.annotation, field], config=Section.model_config)

    @classmethod
    def mistake(cls, name: str, values: Range | tuple[Any, ...]) -> str | None:
        fields = cls.recipe().model_fields
        if name not in fields:
            known = sorted(fields)
            which = f"{printable(name)} is none{nearest(name, known)}"
            return f"of this family's hyperparameters; {which}; allowed: {', '.join(known)}"
        if isinstance(values, Range) and fields[name].annotation not in (int, float):
            return f"with a list of choices for {name}, which has no values in between"
        kinds = set()
        for value in (values.min, values.max) if isinstance(values, Range) else values:
            try:
                kinds.add(type(cls.adapter(name).validate_python(value)))
            except ValidationError as error:
                return f"of allowed values; {name} = {value} must be {reason(error.errors()[0])}"
        return f"with choices of one type for {name}, as Keras Tuner takes them" if len(kinds) > 1 else None


class Track(Section):
    """Which model MLflow calls the champion."""

    model: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100, description="the winner's name in MLflow")]
    margin: Annotated[
        float, Field(ge=0, lt=1, description="by which a new model's objective must be above the champion's")
    ]


class Tune(Section):
    method: Method
    objective: Objective
    seeds: Annotated[Seeds, Field(description="of the search and its trainings: one, or one for each of `seeds`")]


def refuse_other_counts(searches: Sequence[int], seeds: Sequence[int]) -> None:
    """Of searches than one that is for all seeds, or one for each."""
    if len(searches) not in (1, len(seeds)):
        given, wanted = (shown(list(each)) for each in (searches, seeds))
        raise UserError(f"{FILE}: tune.seeds = {given}: must list one seed, or as many as seeds = {wanted}")


class Sections(Section):
    data: Data
    prepare: Prepare
    runtime: Runtime
    pool: Pool
    families: Families
    seeds: Seeds
    train: Train
    track: Track


def params_model(recipes: Mapping[str, type[Recipe]], objectives: Sequence[str]) -> type[Section]:
    """The whole file, for these families and objectives."""
    if reserved := [name for name in recipes if name in Tune.model_fields or hasattr(Section, name)]:
        raise UserError(f"{FILE}: no family can be called {reserved[0]}, which is another key's name; rename its file")
    families = Annotated[tuple[Literal[tuple(recipes)], ...], Field(min_length=1), AfterValidator(unique)]
    objective = Annotated[Literal[tuple(objectives)], Tune.model_fields["objective"]]
    models = create_model("Models", __base__=Section, __doc__="The baselines: the recipes people know.", **recipes)
    searches = {name: Search[recipe] for name, recipe in recipes.items()}
    tune = create_model("Tune", __base__=Tune, objective=objective, **searches)
    return create_model("Params", __base__=Sections, families=families, models=models, tune=tune)


def json_schema(model: type[Section]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema()
