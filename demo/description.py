"""The API's description, with what only the models at hand can tell: their names, and what images they take."""

from pathlib import Path
from typing import Any

from digits.common.files import read_json

FILE = Path(__file__).with_name("openapi.json")


def describe(names: list[str], families: list[str], shape: tuple[int, ...]) -> dict[str, Any]:
    whole = read_json(FILE)
    image: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 255}
    for length in reversed(shape):
        image = {"type": "array", "items": image, "minItems": length, "maxItems": length}
    whole["components"]["schemas"]["Image"] |= image
    any_name = f"({'|'.join(names)})"
    whole["components"]["schemas"]["Names"]["pattern"] = f"^{any_name}(,{any_name})*$"
    whole["components"]["schemas"]["Family"]["enum"] = families
    return whole
