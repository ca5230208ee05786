"""Every section of params.yaml with its allowed values, and a JSON Schema of them for editors."""

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

from digits.config.load import (
    PARAMS_FILE,
    Section,
    expectation,
    format_key,
    format_value,
    suggestion,
    validate_unique,
)
from digits.config.recipe import Recipe
from digits.core.errors import UserError

R = TypeVar("R", bound=Recipe)
Share = Annotated[float, Field(gt=0, lt=1)]  # neither 0 nor 1; `Rate` in recipe.py may be 0
Seed = Annotated[int, Field(ge=1, lt=2**31)]  # 0 means "random" to Keras Tuner
Threads = Annotated[int, Field(ge=1, le=1024, description="processor threads; changes the last bits of a result")]
OneDnn = Annotated[bool, Field(description="Intel's kernels for convolutions, on any x86-64 processor")]
InstructionSet = Annotated[
    Literal["avx2", "native"],
    Field(description="of oneDNN; avx2: the same results with and without AVX-512; native: the processor's widest"),
]
Families = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(validate_unique)]
Objective = Annotated[
    str, Field(description="balanced: error, loss and error on corrupted images count equally; accuracy: only accuracy")
]
Method = Annotated[
    Literal["random", "bayesian", "hyperband", "halving"],
    Field(description="Keras Tuner's random, bayesian or hyperband; or successive halving by `rungs` and `keep`"),
]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(validate_unique)]
Source = Annotated[
    str, Field(min_length=1, description="mnist, fashion_mnist, or your own folder of pictures, .csv, .parquet or .npz")
]
Size = Annotated[
    int | None,
    Field(ge=8, le=512, description="pixels per side, for a folder of pictures; null: all of them have the same size"),
]
Group = Annotated[
    str | None,
    Field(
        min_length=1,
        description="images of a group stay in one split: a regular expression for file names, or a column of a table; "
        "null: each image is a group",
    ),
]


def validate_class_name(name: str) -> str:
    """Require one line, because names appear in tables, without invisible differences such as a space at the end."""
    if not name or not name.isprintable() or name != name.strip():
        raise ValueError("printable, and neither empty nor with a space at an end")
    return name


Classes = Annotated[
    tuple[Annotated[str, Field(min_length=1), AfterValidator(validate_class_name)], ...] | None,
    Field(min_length=2, description="a name for each class, in the order of the labels; null: the names in the source"),
    AfterValidator(validate_unique),
]


class Data(Section):
    """Where the images come from."""

    source: Source
    size: Size
    group: Group
    classes: Classes


class Prepare(Section):
    """How the images are split."""

    validation_share: Annotated[Share, Field(description="share of the training images kept for validation")]
    test_share: Annotated[Share, Field(description="share split off for testing, if the source has no test images")]
    share: Annotated[
        float,
        Field(gt=0, le=1, description="share of all images to use; below 1 only for quick tests"),
    ]
    seed: Annotated[Seed, Field(description="seed of the split")]


class Runtime(Section):
    """TensorFlow's settings. Each of them changes the last bits of a result."""

    threads: Threads
    onednn: OneDnn
    instruction_set: InstructionSet


class Pool(Section):
    """The workers that train baselines, trials and tuned models."""

    workers: Annotated[
        int | None, Field(ge=1, le=1024, description="parallel trainings; null: one per core, or per GPU")
    ]
    threads_per_worker: Threads
    cluster: Annotated[str | None, Field(description="a Dask scheduler, tcp://host:8786; null: this machine")]


class Train(Section):
    """Shared by baseline and tuned models, so that the comparison is fair."""

    epochs: Annotated[int, Field(ge=1, le=10_000, description="passes over the training images")]


class Range(Section):
    """All numbers from `min` to `max`."""

    min: int | float
    max: int | float
    log: Annotated[bool, Field(description="sample the logarithm, for values that span powers of ten")] = False

    @model_validator(mode="after")
    def validate_limits(self) -> "Range":
        if self.min >= self.max:
            raise ValueError("a range whose min is below its max")
        if self.log and self.min <= 0:
            raise ValueError("a range above 0 where log is true")
        return self


def validate_increasing(rungs: tuple[int, ...]) -> tuple[int, ...]:
    if list(rungs) != sorted(set(rungs)):
        raise ValueError("a list of increasing numbers")
    return rungs


Choices = Annotated[tuple[bool | int | float | str, ...], Field(min_length=1), AfterValidator(validate_unique)]
Values = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")],
    Discriminator(lambda values: "range" if isinstance(values, dict | Range) else "choices"),
]


class Search(Section, Generic[R]):
    """The search for a family's hyperparameters. Those that are not in `space` have their value from `models`."""

    trials: Annotated[int, Field(ge=1, le=100_000, description="recipes to try; the first is the baseline's")]
    rungs: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10_000)], ...],
        Field(
            min_length=1, description="numbers of epochs: a trial has the last; halving compares the trials after each"
        ),
        AfterValidator(validate_increasing),
    ]
    keep: Annotated[float, Field(gt=0, le=1, description="halving only: share of trials promoted after each rung")]
    space: Annotated[
        dict[str, Values], Field(min_length=1, description="for each hyperparameter, [choices] or {min, max, log}")
    ]

    @classmethod
    def recipe_class(cls) -> type[Recipe]:
        """Return the type argument, e.g. the MLP's hyperparameters for `Search[Hyperparameters]`."""
        return cls.__pydantic_generic_metadata__["args"][0]

    @field_validator("space")
    @classmethod
    def validate_space(cls, space: dict[str, Range | tuple[Any, ...]]) -> dict[str, Range | tuple[Any, ...]]:
        if errors := [error for name, values in space.items() if (error := cls.space_error(name, values))]:
            raise ValueError("; and ".join(errors))
        # Keras Tuner requires choices of one type, so 0 among floats becomes 0.0.
        return {
            name: values if isinstance(values, Range) else tuple(map(cls.type_adapter(name).validate_python, values))
            for name, values in space.items()
        }

    @classmethod
    def space_error(cls, name: str, values: Range | tuple[Any, ...]) -> str | None:
        """Return what is wrong with a hyperparameter's range or choices; None if they are valid."""
        fields = cls.recipe_class().model_fields
        if name not in fields:
            allowed = sorted(fields)
            return (
                f"a space of this family's hyperparameters; {format_key(name)} is unknown{suggestion(name, allowed)}; "
                f"allowed: {', '.join(allowed)}"
            )
        if isinstance(values, Range) and fields[name].annotation not in (int, float):
            return f"a space with a list of choices for {name}, which is not a number"
        types = set()
        for value in (values.min, values.max) if isinstance(values, Range) else values:
            try:
                types.add(type(cls.type_adapter(name).validate_python(value)))
            except ValidationError as error:
                return f"a space of allowed values; {name} = {value} must be {expectation(error.errors()[0])}"
        if len(types) > 1:
            return f"a space with choices of one type for {name}, as Keras Tuner requires"
        return None

    @classmethod
    def type_adapter(cls, hyperparameter: str) -> TypeAdapter[Any]:
        """Return a validator of one value of a hyperparameter."""
        field = cls.recipe_class().model_fields[hyperparameter]
        return TypeAdapter(Annotated[field.annotation, field], config=Section.model_config)


class Track(Section):
    """MLflow's model registry."""

    model: Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=100, description="name of the registered model")]
    margin: Annotated[
        float, Field(ge=0, lt=1, description="minimum gain in the objective that makes a new model the champion")
    ]


class Tune(Section):
    method: Method
    objective: Objective
    seeds: Annotated[Seeds, Field(description="seeds of the search and its trainings: one, or one for each of `seeds`")]


def require_matching_seeds(search_seeds: Sequence[int], seeds: Sequence[int]) -> None:
    """Require one search for all seeds, or one for each seed."""
    if len(search_seeds) not in (1, len(seeds)):
        searches, models = format_value(list(search_seeds)), format_value(list(seeds))
        raise UserError(f"{PARAMS_FILE}: tune.seeds = {searches}: must list one seed, or as many as seeds = {models}")


class Sections(Section):
    data: Data
    prepare: Prepare
    runtime: Runtime
    pool: Pool
    families: Families
    seeds: Seeds
    train: Train
    track: Track


def create_params_class(recipes: Mapping[str, type[Recipe]], objectives: Sequence[str]) -> type[Section]:
    """Return the section class of the whole file for these families and objectives."""
    if reserved := [name for name in recipes if name in Tune.model_fields or hasattr(Section, name)]:
        raise UserError(
            f"{PARAMS_FILE}: no family can be called {reserved[0]}, because another key has this name; rename its file"
        )
    families = Annotated[tuple[Literal[tuple(recipes)], ...], Field(min_length=1), AfterValidator(validate_unique)]
    objective = Annotated[Literal[tuple(objectives)], Tune.model_fields["objective"]]
    models = create_model("Models", __base__=Section, __doc__="The baselines: well-known recipes.", **recipes)
    searches = {name: Search[recipe] for name, recipe in recipes.items()}
    tune = create_model("Tune", __base__=Tune, objective=objective, **searches)
    return create_model("Params", __base__=Sections, families=families, models=models, tune=tune)


def json_schema(section_class: type[Section]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | section_class.model_json_schema()
