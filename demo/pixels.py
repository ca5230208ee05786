"""Images as JSON: rows of grey values, or of red, green and blue, exactly as a network takes them."""

import json
import math
from typing import Any, NoReturn

import numpy as np
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnprocessableEntity

MOST_BYTES, BYTES_PER_NUMBER = 2**20, 8  # whichever allows more: "127.5, " has seven


def shape_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Grey values need no axis of their own."""
    return shape[:2] if shape[2] == 1 else shape


def rows(image: np.ndarray) -> list[Any]:
    return image.reshape(shape_of(image.shape)).tolist()


def read(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    expected = shape_of(shape)
    wanted = f"{expected[0]} rows of {' times '.join(map(str, expected[1:]))} numbers"
    image = array(content(data, max(MOST_BYTES, BYTES_PER_NUMBER * math.prod(shape))), wanted)
    if image.shape != expected:
        found = " × ".join(map(str, image.shape)) or "a single number"
        raise UnprocessableEntity(
            f"pixels must be {wanted}, not {found}; a picture of any size may be sent as PNG or JPEG"
        )
    if not ((image >= 0) & (image <= 255)).all():  # NaN is neither
        raise UnprocessableEntity("each of the pixels must be from 0 to 255")
    return np.rint(image.astype(np.float64)).astype(np.uint8).reshape(shape)


def content(data: bytes, most: int) -> Any:
    if len(data) > most:
        raise RequestEntityTooLarge(f"the JSON is longer than {most / 2**20:.2g} MB")
    try:
        return json.loads(data, parse_constant=not_json)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read as JSON: {error}") from None


def not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def array(found: Any, wanted: str) -> np.ndarray:
    if not isinstance(found, dict) or set(found) != {"pixels"}:
        raise UnprocessableEntity('the JSON must be an object with pixels and nothing else: {"pixels": [[0, …], …]}')
    image = np.array(found["pixels"], dtype=object)  # of texts, NumPy would make a table as broad as the longest
    kinds = {type(number) for number in image.flat}
    if list in kinds:
        raise UnprocessableEntity(f"pixels must be {wanted}; the rows here are not of one length")
    if not kinds <= {int, float}:
        raise UnprocessableEntity(f"pixels must be {wanted}; here is something else among them")
    return image
