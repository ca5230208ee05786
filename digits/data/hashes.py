"""Hashes of images and groups, from which splits and random numbers follow, so that they never depend on an index."""

import hashlib
from collections.abc import Iterable

import numpy as np


def hash_images(images: np.ndarray) -> np.ndarray:
    """Return the hash of each image of an array: count × height × width × channels."""
    return np.fromiter(map(hash_image, images), np.uint64, len(images))


def hash_image(pixels: np.ndarray) -> int:
    """Return a 64-bit hash of the size and the pixels; an image without colour has one hash in grey and in RGB."""
    is_grey = pixels.ndim == 2 or pixels.shape[2] == 1 or (pixels == pixels[..., :1]).all()
    values = pixels if pixels.ndim == 2 or not is_grey else pixels[..., 0]
    return hash_bytes(f"{values.shape}".encode(), np.ascontiguousarray(values))


def hash_groups(names: Iterable[object]) -> np.ndarray:
    return np.array([hash_text(str(name)) for name in names], np.uint64)


def hash_text(text: str) -> int:
    return hash_bytes(text.encode())


def hash_bytes(*parts: bytes | np.ndarray) -> int:
    blake2b = hashlib.blake2b(digest_size=8)
    for part in parts:
        blake2b.update(part)
    return int.from_bytes(blake2b.digest(), "little")


def rehash(hashes: np.ndarray, purpose: str) -> np.ndarray:
    """Return hashes that are independent of those for any other purpose (SplitMix64's finalizer, vectorized)."""
    values = hashes ^ np.uint64(hash_text(purpose))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))


def to_uniform(hashes: np.ndarray) -> np.ndarray:
    """Map each hash to a number from 0 (included) to 1 (excluded)."""
    return (hashes >> np.uint64(11)) * 2.0**-53  # a float has 53 bits
