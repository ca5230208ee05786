"""Images made harder, grade by grade. Grade 0 is the image as it is; what the others mean stands in KINDS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digits.evaluation.moving import WHITE, Images, moved, pixels


@dataclass(frozen=True)
class Kind:
    strengths: tuple[int, ...]  # of grade 1 and so on
    unit: str
    meaning: str
    harden: Callable[[Images, float, np.random.Generator], Images]
    untouched: int = 0  # the strength of grade 0


def corrupt(images: Images, kind: str, grade: int) -> Images:
    """An image's draw depends on kind, grade and its place among the images: the same for whoever is asked about it."""
    if grade == 0:
        return images
    return KINDS[kind].harden(images, strength(kind, grade), np.random.default_rng([*kind.encode(), grade]))


def strength(kind: str, grade: int) -> int:
    return (KINDS[kind].untouched, *KINDS[kind].strengths)[grade]


def meaning(kind: str, grade: int) -> str:
    return KINDS[kind].meaning.format(strength(kind, grade)) if grade else "as it is"


def side(images: Images) -> int:
    return min(images.shape[1:3])


def shifted(images: Images, percent: float, random: np.random.Generator) -> Images:
    direction = 2 * np.pi * random.random(len(images))
    far = percent / 100 * side(images)
    return moved(images, np.zeros(len(images)), far * np.sin(direction), far * np.cos(direction))


def turned(images: Images, degrees: float, random: np.random.Generator) -> Images:
    turn = np.radians(degrees) * np.where(random.random(len(images)) < 0.5, -1, 1)
    return moved(images, turn, np.zeros(len(images)), np.zeros(len(images)))


def noisy(images: Images, percent: float, random: np.random.Generator) -> Images:
    return pixels(images + percent / 100 * WHITE * random.standard_normal(images.shape, np.float32))


def blurred(images: Images, percent: float, _: np.random.Generator) -> Images:
    down, across = (bell(size, percent / 100 * side(images)) for size in images.shape[1:3])
    planes = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    return pixels((down @ (planes @ across.T)).transpose(0, 2, 3, 1))


def faded(images: Images, percent: float, _: np.random.Generator) -> Images:
    mean = images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    return pixels(mean + percent / 100 * (images - mean))


def covered(images: Images, percent: float, random: np.random.Generator) -> Images:
    edge = max(1, round(percent / 100 * side(images)))
    hidden = np.ones((len(images), 1, 1), bool)
    for axis, place in zip((1, 2), random.random((len(images), 2)).T, strict=True):
        begin = np.floor(place * (images.shape[axis] - edge + 1))[:, np.newaxis]
        lines = np.arange(images.shape[axis])
        hidden = hidden & np.expand_dims((lines >= begin) & (lines < begin + edge), 3 - axis)
    return np.where(hidden[..., np.newaxis], np.uint8(0), images)


# With the first strength, MNIST's baselines lose a few points at most; with the last, a person still reads most images.
KINDS = {
    "shift": Kind((4, 7, 11, 14), "% of the side", "moved by {} % of the shorter side, in any direction", shifted),
    "rotation": Kind((10, 20, 30, 40), "degrees", "turned by {}°, to the left or to the right", turned),
    "noise": Kind((10, 20, 30, 40), "% of white", "noise on each pixel, standard deviation {} % of white", noisy),
    "blur": Kind((2, 4, 6, 8), "% of the side", "blurred with a bell of standard deviation {} % of the side", blurred),
    "contrast": Kind((80, 60, 40, 20), "% left", "{} % of the contrast left, about the image's mean", faded, 100),
    "occlusion": Kind((10, 20, 30, 40), "% of the side", "a black square, {} % of the side, somewhere", covered),
}
GRADES = range(1, 5)


def bell(size: int, deviation: float) -> np.ndarray:
    """What each line of a blurred image takes from every line; at the edge, more from those that there are."""
    lines = np.arange(size)
    weights = np.exp(-(((lines - lines[:, np.newaxis]) / deviation) ** 2) / 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
