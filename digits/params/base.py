"""params.yaml, read as DVC reads it and checked strictly: one line for each thing that is wrong."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from digits.errors import UserError

FILE = Path("params.yaml")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


T = TypeVar("T")


def read() -> dict[str, Any]:
    try:
        tree = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{FILE} cannot be read ({error.strerror}); run from the project's root") from None
    except (YAMLError, ValueError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where else ""
        raise UserError(f"{FILE} is not YAML{line}: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(tree, dict):
        raise UserError(f"{FILE} holds no sections; `git checkout {FILE}` brings back the ones it came with")
    return tree


def parameter(kind: type[T], key: str) -> T:
    """What params.yaml holds under a dotted key, e.g. "models.cnn"."""
    value: Any = read()
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            known = ", ".join(map(str, value)) if isinstance(value, dict) else "no section"
            raise UserError(f"{FILE}: {key}: missing; there is {known}")
        value = value[part]
    return check(kind, value, key)


def check(kind: type[T], value: Any, key: str = "") -> T:
    try:
        # By way of JSON, because there a list may become a tuple and yet nothing else is converted.
        return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except TypeError as error:
        raise UserError(f"{FILE}: {key or 'the file'}: {error}") from None
    except ValidationError as error:
        problems = error.errors()
        # A list whose items were refused is also reported as too short: only the items are news.
        news = [one for one in problems if not any(one["loc"] == other["loc"][:-1] for other in problems)]
        lines = (f"{FILE}: {describe(kind, value, problem, key)}" for problem in news)
        raise UserError("\n  ".join(lines)) from None


def describe(kind: Any, value: Any, problem: ErrorDetails, prefix: str) -> str:
    place, given = problem["loc"], problem["input"]
    key = ".".join(filter(None, (prefix, *written(place, value))))
    if problem["type"] == "missing":
        return ".".join(filter(None, (key, str(place[-1])))) + ": missing; it must be there"
    if problem["type"] == "extra_forbidden":
        allowed = fields_at(kind, place[:-1])
        return f"{key} = {shown(given)}: unknown key{nearest(place[-1], allowed)}; allowed: {', '.join(allowed)}"
    return f"{key} = {shown(given)}: must be {reason(problem)}{nearest(given, choices(problem))}"


def written(place: tuple[str | int, ...], value: Any) -> list[str]:
    """The steps of a place that stand in the file: a union's tag does not."""
    steps = []
    for step in place:
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            steps.append(str(step))
            value = value[step]
    return steps


def reason(problem: ErrorDetails) -> str:
    least = problem.get("ctx", {}).get("min_length")
    if problem["type"] == "too_short":
        return f"a list of {least} or more"
    if problem["type"] == "string_too_short":
        return f"a text of {least} or more characters"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message.replace("a valid array", "a list").replace("an object", "a section with keys")


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else "{...}" if isinstance(value, dict) else text[:57] + "..."


def nearest(word: Any, known: list[str]) -> str:
    found = get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f'; did you mean "{found[0]}"?' if found else ""


def choices(problem: ErrorDetails) -> list[str]:
    expected = problem.get("ctx", {}).get("expected", "")
    return [word.strip("'") for part in str(expected).split(", ") for word in part.split(" or ")]


def fields_at(kind: Any, place: tuple[str | int, ...]) -> list[str]:
    """The keys a section allows; steps that are no field (a list's index, a union's tag) are passed over."""
    model = next(models_in(kind))
    for step in place:
        if step in model.model_fields:
            model = next(models_in(model.model_fields[str(step)].annotation), model)
    return sorted(model.model_fields)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)
