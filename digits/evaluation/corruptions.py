"""Corrupted test images, by severity. Severity 0 is the image as it is; what the others mean stands in CORRUPTIONS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Images = np.ndarray  # uint8, count × height × width × channels

WHITE = 255
CHUNK = 1000  # images transformed at once: what is needed for each of their pixels stays below a few hundred megabytes
SEVERITIES = range(1, 5)


@dataclass(frozen=True)
class Corruption:
    strengths: tuple[int, ...]  # of severity 1 and so on
    unit: str
    meaning: str  # of a strength
    effect: str  # what an image then is
    apply: Callable[[Images, float, np.random.Generator], Images]
    identity: int = 0  # the strength of severity 0


def corrupt(images: Images, name: str, severity: int) -> Images:
    """An image's random draw depends on corruption, severity and its place: every model meets the same images."""
    if severity == 0:
        return images
    random = np.random.default_rng([*name.encode(), severity])
    return CORRUPTIONS[name].apply(images, strength(name, severity), random)


def strength(name: str, severity: int) -> int:
    return (CORRUPTIONS[name].identity, *CORRUPTIONS[name].strengths)[severity]


def meaning(name: str, severity: int) -> str:
    return CORRUPTIONS[name].meaning.format(strength(name, severity)) if severity else "as it is"


def shift(images: Images, percent: float, random: np.random.Generator) -> Images:
    direction = 2 * np.pi * random.random(len(images))
    distance = percent / 100 * shorter_side(images)
    return transform(images, np.zeros(len(images)), distance * np.sin(direction), distance * np.cos(direction))


def rotate(images: Images, degrees: float, random: np.random.Generator) -> Images:
    angle = np.radians(degrees) * np.where(random.random(len(images)) < 0.5, -1, 1)
    return transform(images, angle, np.zeros(len(images)), np.zeros(len(images)))


def add_noise(images: Images, percent: float, random: np.random.Generator) -> Images:
    return as_pixels(images + percent / 100 * WHITE * random.standard_normal(images.shape, np.float32))


def blur(images: Images, percent: float, _: np.random.Generator) -> Images:
    down, across = (gaussian(size, percent / 100 * shorter_side(images)) for size in images.shape[1:3])
    planes = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    return as_pixels((down @ (planes @ across.T)).transpose(0, 2, 3, 1))


def reduce_contrast(images: Images, percent: float, _: np.random.Generator) -> Images:
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return as_pixels(mean + percent / 100 * (images - mean))


def occlude(images: Images, percent: float, random: np.random.Generator) -> Images:
    edge = max(1, round(percent / 100 * shorter_side(images)))
    hidden = np.ones((len(images), 1, 1), bool)
    for axis, place in zip((1, 2), random.random((len(images), 2)).T, strict=True):
        begin = np.floor(place * (images.shape[axis] - edge + 1))[:, np.newaxis]
        lines = np.arange(images.shape[axis])
        hidden = hidden & np.expand_dims((lines >= begin) & (lines < begin + edge), 3 - axis)
    return np.where(hidden[..., np.newaxis], np.uint8(0), images)


# At severity 1 MNIST's baselines lose a few points at most; at the last, a person still reads most images.
CORRUPTIONS = {
    "shift": Corruption(
        (4, 7, 11, 14), "% of the side", "moved by {} % of the shorter side, in any direction", "moved", shift
    ),
    "rotation": Corruption((10, 20, 30, 40), "degrees", "turned by {}°, to the left or to the right", "turned", rotate),
    "noise": Corruption(
        (10, 20, 30, 40), "% of white", "noise on each pixel, standard deviation {} % of white", "noisy", add_noise
    ),
    "blur": Corruption(
        (2, 4, 6, 8), "% of the side", "blurred, Gaussian of standard deviation {} % of the side", "blurred", blur
    ),
    "contrast": Corruption(
        (80, 60, 40, 20), "% left", "{} % of the contrast left, about the image's mean", "faint", reduce_contrast, 100
    ),
    "occlusion": Corruption(
        (10, 20, 30, 40), "% of the side", "a black square, {} % of the side, somewhere", "covered", occlude
    ),
}


def transform(images: Images, angle: np.ndarray, down: np.ndarray, right: np.ndarray) -> Images:
    """Each image rotated about its centre, then shifted; edge pixels continue outwards, as when training augments."""
    chunks = [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]
    return np.concatenate([images[:0], *(transform_chunk(images[c], angle[c], down[c], right[c]) for c in chunks)])


def transform_chunk(images: Images, angle: np.ndarray, down: np.ndarray, right: np.ndarray) -> Images:
    height, width = images.shape[1:3]
    columns = (each.astype(np.float32).reshape(-1, 1, 1) for each in (np.cos(angle), np.sin(angle), down, right))
    cos, sin, down, right = columns
    centre = (height - 1) / 2, (width - 1) / 2
    y = np.arange(height, dtype=np.float32).reshape(1, -1, 1) - centre[0] - down
    x = np.arange(width, dtype=np.float32).reshape(1, 1, -1) - centre[1] - right
    # From a place in the new image to its place in the old one.
    return interpolate(images, cos * y - sin * x + centre[0], sin * y + cos * x + centre[1])


def interpolate(images: Images, y: np.ndarray, x: np.ndarray) -> Images:
    """Bilinear."""
    count, height, width, channels = images.shape
    y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    top, left = y.astype(np.int32), x.astype(np.int32)
    bottom, beside = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    y, x = ((part % 1)[..., np.newaxis] for part in (y, x))
    flat = images.reshape(-1, channels)
    first = (np.arange(count) * height * width).reshape(-1, 1, 1)
    upper, lower = first + top * width, first + bottom * width
    above = (1 - x) * flat[upper + left] + x * flat[upper + beside]
    below = (1 - x) * flat[lower + left] + x * flat[lower + beside]
    return as_pixels((1 - y) * above + y * below)


def gaussian(size: int, deviation: float) -> np.ndarray:
    """The weights of every line in each blurred line; at the edge, the lines that there are get more."""
    lines = np.arange(size)
    weights = np.exp(-(((lines - lines[:, np.newaxis]) / deviation) ** 2) / 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def shorter_side(images: Images) -> int:
    return min(images.shape[1:3])


def as_pixels(values: np.ndarray) -> Images:
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint8)
