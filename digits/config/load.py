"""params.yaml, read as DVC reads it and checked strictly: one line for each thing that is wrong."""

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from digits.core.errors import UserError

FILE = Path("params.yaml")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


T = TypeVar("T")


def unique(values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if values and len(set(values)) < len(values):
        raise ValueError("a list without duplicates")
    return values


def read() -> dict[str, Any]:
    try:
        tree = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{FILE} cannot be read ({error.strerror}); run from the project's root") from None
    except (YAMLError, ValueError, KeyError, RecursionError) as error:
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


# For what changes the speed and never a result: no stage depends on it, so that a change runs nothing again.
setting = parameter


def check(kind: type[T], value: Any, key: str = "") -> T:
    try:
        # By way of JSON, because there a list may become a tuple and yet nothing else is converted.
        text = json.dumps(value)
        return TypeAdapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        lines = describe(kind, json.loads(text), error.errors(), key)
        raise UserError("\n  ".join(f"{FILE}: {line}" for line in lines)) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{FILE}: {key or 'the file'} holds a value that no parameter can have: {error}") from None


def describe(kind: Any, value: Any, problems: list[ErrorDetails], prefix: str) -> list[str]:
    lines: dict[str, str] = {}
    for problem in problems:
        place, given = problem["loc"], problem["input"]
        # A list whose items were refused is also reported as too short: only the items are news.
        if any(other["loc"][: len(place)] == place != other["loc"] for other in problems):
            continue
        key = ".".join(filter(None, (prefix, *keys_in_file(place, value))))
        if problem["type"] == "missing":
            missing = ".".join(filter(None, (key, printable(place[-1]))))
            lines[missing] = f"{missing}: missing, but required"
        elif problem["type"] == "extra_forbidden":
            allowed = fields_at(kind, place[:-1])
            known = f"unknown key{nearest(place[-1], allowed)}; allowed: {', '.join(allowed)}"
            lines[key] = f"{key} = {shown(given)}: {known}"
        else:
            reasons = f"{lines[key]} or " if key in lines else f"{key} = {shown(given)}: must be "
            lines[key] = f"{reasons}{reason(problem)}{nearest(given, choices(problem))}"
    return list(lines.values())


def keys_in_file(place: tuple[str | int, ...], value: Any) -> list[str]:
    """The steps of a place that stand in the file: a union's tag does not."""
    steps = []
    for step in place:
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            steps.append(printable(step))
            value = value[step]
    return steps


def printable(step: str | int) -> str:
    return str(step) if str(step).isprintable() else repr(step)


def reason(problem: ErrorDetails) -> str:
    least = problem.get("ctx", {}).get("min_length")
    if problem["type"] == "too_short":
        return f"a {'section' if isinstance(problem['input'], dict) else 'list'} of {least} or more"
    if problem["type"] == "string_too_short":
        return f"a text of {least} or more characters"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message.replace("a valid array", "a list").replace("an object", "a section with keys")


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else "{...}" if isinstance(value, dict) else text[:57] + "..."


def nearest(word: Any, known: list[str]) -> str:
    found = get_close_matches(str(word), known, n=1)
    return f' (did you mean "{found[0]}"?)' if found else ""


def choices(problem: ErrorDetails) -> list[str]:
    return re.findall("'([^']+)'", str(problem.get("ctx", {}).get("expected", "")))


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
