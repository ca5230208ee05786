"""The reading of params.yaml, as DVC reads it, and its strict validation, with one line for each error.

The message of a validator completes the line "params.yaml: KEY = VALUE: must be …".
"""

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

PARAMS_FILE = Path("params.yaml")
Loc = tuple[str | int, ...]  # where an error is, as Pydantic writes it


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


T = TypeVar("T")


def validate_unique(values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if values and len(set(values)) < len(values):
        raise ValueError("a list without duplicates")
    return values


def read_params() -> dict[str, Any]:
    try:
        params = YAML(typ="safe").load(PARAMS_FILE.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{PARAMS_FILE} cannot be read ({error.strerror}); run from the project's root") from None
    except (YAMLError, ValueError, KeyError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise UserError(f"{PARAMS_FILE} is not YAML{line}: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(params, dict):
        raise UserError(f"{PARAMS_FILE} has no sections; `git checkout {PARAMS_FILE}` restores the committed file")
    return params


def parameter(annotation: type[T], key: str) -> T:
    """Return the value of a dotted key, e.g. "models.cnn", on which results depend: dvc.yaml lists it."""
    value: Any = read_params()
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            available = ", ".join(map(str, value)) if isinstance(value, dict) else "none"
            raise UserError(f"{PARAMS_FILE}: {key}: missing; available: {available}")
        value = value[name]
    return validate(annotation, value, key)


def setting(annotation: type[T], key: str) -> T:
    """Return the value of a dotted key that changes the speed but no result.

    dvc.yaml does not list it, so a change of it runs no stage again.
    """
    return parameter(annotation, key)


def validate(annotation: type[T], value: Any, key: str = "") -> T:
    try:
        # JSON, because there strict mode accepts a list for a tuple, and converts nothing else.
        text = json.dumps(value)
        return TypeAdapter(annotation).validate_json(text, strict=True)
    except ValidationError as error:
        lines = error_lines(annotation, json.loads(text), error.errors(), key)
        raise UserError("\n  ".join(f"{PARAMS_FILE}: {line}" for line in lines)) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{PARAMS_FILE}: {key or 'the file'} has a value that is not allowed: {error}") from None


def error_lines(annotation: Any, value: Any, errors: list[ErrorDetails], prefix: str) -> list[str]:
    """Return a line for each key with an error. A union has an error for each of its types: "or" joins them."""
    lines: dict[str, str] = {}
    for error in errors:
        loc, input_value = error["loc"], error["input"]
        if has_inner_errors(loc, errors):
            continue
        key = join_keys(prefix, *yaml_keys(loc, value))
        if error["type"] == "missing":
            missing_key = join_keys(key, format_key(loc[-1]))
            lines[missing_key] = f"{missing_key}: missing, but required"
        elif error["type"] == "extra_forbidden":
            allowed = allowed_keys(annotation, loc[:-1])
            message = f"unknown key{suggestion(loc[-1], allowed)}; allowed: {', '.join(allowed)}"
            lines[key] = f"{key} = {format_value(input_value)}: {message}"
        else:
            start = f"{lines[key]} or " if key in lines else f"{key} = {format_value(input_value)}: must be "
            lines[key] = f"{start}{expectation(error)}{suggestion(input_value, literals(error))}"
    return list(lines.values())


def has_inner_errors(loc: Loc, errors: list[ErrorDetails]) -> bool:
    """Return whether a value inside of the one at `loc` has an error.

    A list with invalid items, for example, is also reported as too short. Only the items' errors help.
    """
    return any(len(error["loc"]) > len(loc) and error["loc"][: len(loc)] == loc for error in errors)


def join_keys(*keys: str) -> str:
    return ".".join(filter(None, keys))


def yaml_keys(loc: Loc, value: Any) -> list[str]:
    """Return the steps of `loc` that are keys or indices in the file; Pydantic's tag of a union is not."""
    keys = []
    for step in loc:
        if (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            keys.append(format_key(step))
            value = value[step]
    return keys


def format_key(key: str | int) -> str:
    return str(key) if str(key).isprintable() else repr(key)


def format_value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else "{...}" if isinstance(value, dict) else text[:57] + "..."


def expectation(error: ErrorDetails) -> str:
    """Return what the value must be, e.g. "a list of 2 or more"."""
    min_length = error.get("ctx", {}).get("min_length")
    if error["type"] == "too_short":
        return f"a {'section' if isinstance(error['input'], dict) else 'list'} of {min_length} or more"
    if error["type"] == "string_too_short":
        return f"a text of {min_length} or more characters"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return message.replace("a valid array", "a list").replace("an object", "a section with keys")


def suggestion(word: Any, allowed: list[str]) -> str:
    matches = get_close_matches(str(word), allowed, n=1)
    return f' (did you mean "{matches[0]}"?)' if matches else ""


def literals(error: ErrorDetails) -> list[str]:
    """Return the words that are allowed, if the value must be one of several words."""
    return re.findall("'([^']+)'", str(error.get("ctx", {}).get("expected", "")))


def allowed_keys(annotation: Any, loc: Loc) -> list[str]:
    """Return the keys of the section at `loc`, ignoring steps that are no field: indices and tags of unions."""
    section_class = next(section_classes(annotation))
    for step in loc:
        if step in section_class.model_fields:
            section_class = next(section_classes(section_class.model_fields[str(step)].annotation), section_class)
    return sorted(section_class.model_fields)


def section_classes(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the section classes in an annotation, which may be a union or a generic type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from section_classes(argument)
