"""Pixels as JSON: exactly what a network is to see."""

import json
from typing import Any, NoReturn

import numpy as np

from demo.errors import ApiError
from digits.inference.preprocessing import Preprocessing

MOST_BYTES = 2**20


def shape(placing: Preprocessing) -> tuple[int, ...]:
    """Grey values need no axis of their own."""
    return placing.shape[:2] if placing.shape[2] == 1 else placing.shape


def read(data: bytes, placing: Preprocessing) -> np.ndarray:
    size = shape(placing)
    wanted = f"{size[0]} rows of {' times '.join(map(str, size[1:]))} numbers"
    image = array(content(data), wanted)
    if image.shape != size:
        found = " × ".join(map(str, image.shape)) or "a single number"
        raise ApiError(422, f"pixels must be {wanted}, not {found}; a picture of any size may be sent as PNG or JPEG")
    if not ((image >= 0) & (image <= 255)).all():  # NaN is neither
        raise ApiError(422, "each of the pixels must be from 0 to 255")
    return np.rint(image).astype(np.uint8).reshape(placing.shape)


def content(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise ApiError(413, f"the JSON is longer than {MOST_BYTES // 2**20} MB")
    try:
        return json.loads(data, parse_constant=not_json)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"the body cannot be read as JSON: {error}") from None


def not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def array(found: Any, wanted: str) -> np.ndarray:
    if not isinstance(found, dict) or set(found) != {"pixels"}:
        raise ApiError(422, 'the JSON must be an object with pixels and nothing else: {"pixels": [[0, …], …]}')
    try:
        image = np.array(found["pixels"])
    except ValueError:
        raise ApiError(422, f"pixels must be {wanted}; the rows here are not of one length") from None
    if image.dtype.kind not in "iuf":
        raise ApiError(422, f"pixels must be {wanted}; here is something else among them")
    return image
