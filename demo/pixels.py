"""Images as JSON: rows of grey values, or of [red, green, blue], exactly as a model takes them."""

import json
import math
from typing import Any, NoReturn

import numpy as np
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnprocessableEntity

# The limit is 1 MB or 8 bytes per number, whichever is larger; "127.5, " has seven bytes.
MAX_BYTES, BYTES_PER_NUMBER = 2**20, 8


def json_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape without a single channel: grey values are plain numbers in JSON."""
    return shape[:2] if shape[2] == 1 else shape


def to_rows(image: np.ndarray) -> list[Any]:
    return image.reshape(json_shape(image.shape)).tolist()


def parse(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    expected = json_shape(shape)
    description = f"{expected[0]} rows of {' times '.join(map(str, expected[1:]))} numbers"
    image = to_array(load_json(data, max(MAX_BYTES, BYTES_PER_NUMBER * math.prod(shape))), description)
    if image.shape != expected:
        size = " × ".join(map(str, image.shape)) or "a single number"
        raise UnprocessableEntity(
            f"Pixels must be {description}, not {size}. An image of any size can be sent as PNG or JPEG."
        )
    if not ((image >= 0) & (image <= 255)).all():  # also false for NaN
        raise UnprocessableEntity("Pixels must be numbers from 0 to 255.")
    return np.rint(image.astype(np.float64)).astype(np.uint8).reshape(shape)


def load_json(data: bytes, max_bytes: int) -> Any:
    if len(data) > max_bytes:
        raise RequestEntityTooLarge(f"The JSON is too large: at most {max_bytes / 2**20:.2g} MB are allowed.")
    try:
        return json.loads(data, parse_constant=reject_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None


def reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def to_array(content: Any, description: str) -> np.ndarray:
    if not isinstance(content, dict) or set(content) != {"pixels"}:
        raise UnprocessableEntity('The JSON must be an object with the key "pixels" only: {"pixels": [[0, …], …]}.')
    image = np.array(content["pixels"], dtype=object)  # a string array would be as wide as its longest string
    types = {type(value) for value in image.flat}
    if list in types:
        raise UnprocessableEntity(f"Pixels must be {description}; these rows differ in length.")
    if not types <= {int, float}:
        raise UnprocessableEntity(f"Pixels must be {description}; some of these values are not numbers.")
    return image
