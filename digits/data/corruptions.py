"""Corrupted images: each kind of corruption, by severity. Severity 0 is the image as it is.

A kind is *seen* when training may show it (`augmentation` names the field of the recipe) and the search's objective
uses it. Nothing shows the *unseen* ones to any training or search, so they tell what a model does with the unexpected.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digits.data import distortions as by
from digits.data.distortions import Images, Random

SEVERITIES = range(1, 5)
TEST, VALIDATION = 0, 1  # draws
CHUNK = 250  # images at once: few enough for a processor's cache


@dataclass(frozen=True)
class Corruption:
    strengths: tuple[int, ...]  # of severity 1 and so on
    unit: str
    effect: str  # what an image then is
    apply: Callable[[Images, float, Random], Images]
    identity: int = 0  # the strength of severity 0
    augmentation: str | None = None  # None: unseen


# At severity 1 MNIST's baselines lose a few points at most; at the last, a person still reads most images.
CORRUPTIONS = {
    "shift": Corruption((4, 7, 11, 14), "% of the side", "moved", by.shift, augmentation="shift"),
    "rotation": Corruption((10, 20, 30, 40), "degrees", "turned", by.rotate, augmentation="rotate"),
    "noise": Corruption((10, 20, 30, 40), "% of white", "noisy", by.add_noise, augmentation="noise"),
    "blur": Corruption((2, 4, 6, 8), "% of the side", "blurred", by.blur, augmentation="blur"),
    "contrast": Corruption(
        (80, 60, 40, 20), "% left", "faint", by.reduce_contrast, identity=100, augmentation="contrast"
    ),
    "brightness": Corruption((5, 15, 25, 40), "% of white", "too bright", by.brighten, augmentation="brightness"),
    "occlusion": Corruption((10, 20, 30, 40), "% of the side", "covered", by.occlude, augmentation="erase"),
    "salt and pepper": Corruption((5, 10, 20, 30), "% of pixels", "speckled", by.salt_and_pepper),
    "motion blur": Corruption((6, 12, 18, 24), "% of the side", "smeared", by.motion_blur),
    "JPEG": Corruption((20, 10, 5, 2), "quality", "compressed", by.compress, identity=100),
    "low resolution": Corruption((60, 50, 40, 30), "% of the side", "coarse", by.lower_resolution, identity=100),
    "elastic": Corruption((3, 4, 5, 6), "% of the side", "bent", by.elastic),
    "perspective": Corruption((20, 40, 60, 80), "% larger", "slanted", by.perspective),
    # Bright parts grow or shrink, whatever they are: strokes where the ground is dark, as MNIST's.
    "thick strokes": Corruption((3, 5, 7, 9), "% of the side", "thick", by.thicken),
    "thin strokes": Corruption((2, 3, 4, 5), "% of the side", "thin", by.thin),
    "lines": Corruption((1, 2, 4, 6), "lines", "crossed out", by.cross_out),
}
TRAINED = tuple(name for name, corruption in CORRUPTIONS.items() if corruption.augmentation)
HELD_OUT = tuple(name for name in CORRUPTIONS if name not in TRAINED)


def corrupt(images: Images, name: str, severity: int, draw: int = TEST) -> Images:
    """What is drawn for an image depends on kind, severity, draw and its place: every model meets the same images."""
    if severity == 0:
        return images
    random = np.random.default_rng([*name.encode(), severity, draw])
    chunks = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
    apply, amount = CORRUPTIONS[name].apply, strength(name, severity)
    return np.concatenate([images[:0], *(apply(chunk, amount, random) for chunk in chunks)])


def mixed(images: Images, draw: int) -> Images:
    """Each image corrupted once: the first by the first seen kind at severity 1, the next at severity 2, and so on."""
    turns = [(name, severity) for name in TRAINED for severity in SEVERITIES]
    hard = np.array(images)
    for first, (name, severity) in enumerate(turns):
        mine = slice(first, None, len(turns))
        hard[mine] = corrupt(images[mine], name, severity, draw)
    return hard


def strength(name: str, severity: int) -> int:
    return (CORRUPTIONS[name].identity, *CORRUPTIONS[name].strengths)[severity]
