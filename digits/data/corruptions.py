"""Corrupted images: every corruption has four severities; severity 0 leaves an image unchanged.

A *trained* corruption may be used for augmentation (`augmentation` names the hyperparameter) and is part of the
search's objective. A *held-out* corruption is used for testing only, so it measures robustness to the unexpected.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digits.data import distortions
from digits.data.distortions import Generators, ImageBatch
from digits.data.hashes import hash_images, rehash

SEVERITIES = range(1, 5)
TEST_STREAM, VALIDATION_STREAM = 0, 1  # of random numbers
CHUNK_SIZE = 250  # images processed at a time: few enough for a processor's cache


@dataclass(frozen=True)
class Corruption:
    strengths: tuple[int, ...]  # for severities 1 to 4
    unit: str
    effect: str  # an adjective that describes the corrupted image
    apply: Callable[[ImageBatch, float, Generators], ImageBatch]
    neutral_strength: int = 0  # changes nothing: severity 0
    augmentation: str | None = None  # None: held-out


# At severity 1 MNIST's baselines lose a few points at most; at the last, a person still reads most images.
CORRUPTIONS = {
    "shift": Corruption((4, 7, 11, 14), "% of the side", "moved", distortions.shift, augmentation="shift"),
    "rotation": Corruption((10, 20, 30, 40), "degrees", "turned", distortions.rotate, augmentation="rotate"),
    "noise": Corruption((10, 20, 30, 40), "% of white", "noisy", distortions.add_noise, augmentation="noise"),
    "blur": Corruption((2, 4, 6, 8), "% of the side", "blurred", distortions.blur, augmentation="blur"),
    "contrast": Corruption(
        (80, 60, 40, 20),
        "% left",
        "faint",
        distortions.reduce_contrast,
        neutral_strength=100,
        augmentation="contrast",
    ),
    "brightness": Corruption(
        (5, 15, 25, 40), "% of white", "too bright", distortions.brighten, augmentation="brightness"
    ),
    "occlusion": Corruption((10, 20, 30, 40), "% of the side", "covered", distortions.occlude, augmentation="erase"),
    "salt and pepper": Corruption((5, 10, 20, 30), "% of pixels", "speckled", distortions.salt_and_pepper),
    "motion blur": Corruption((6, 12, 18, 24), "% of the side", "smeared", distortions.motion_blur),
    "JPEG": Corruption((20, 10, 5, 2), "quality", "compressed", distortions.compress, neutral_strength=100),
    "low resolution": Corruption(
        (60, 50, 40, 30), "% of the side", "coarse", distortions.lower_resolution, neutral_strength=100
    ),
    "elastic": Corruption((3, 4, 5, 6), "% of the side", "bent", distortions.elastic),
    "perspective": Corruption((20, 40, 60, 80), "% larger", "slanted", distortions.perspective),
    # These two dilate and erode bright areas, which are the strokes only if the background is dark, as in MNIST.
    "thick strokes": Corruption((3, 5, 7, 9), "% of the side", "thick", distortions.thicken),
    "thin strokes": Corruption((2, 3, 4, 5), "% of the side", "thin", distortions.thin),
    "lines": Corruption((1, 2, 4, 6), "lines", "crossed out", distortions.cross_out),
}
TRAINED = tuple(name for name, corruption in CORRUPTIONS.items() if corruption.augmentation)
HELD_OUT = tuple(name for name in CORRUPTIONS if name not in TRAINED)


def corrupt(images: ImageBatch, name: str, severity: int, stream: int = TEST_STREAM) -> ImageBatch:
    """Return corrupted images. Random numbers depend on the image and the arguments only, not on other images."""
    if severity == 0:
        return images
    apply, amount = CORRUPTIONS[name].apply, strength(name, severity)

    def corrupt_chunk(chunk: ImageBatch) -> ImageBatch:
        seeds = rehash(hash_images(chunk), f"{name}, severity {severity}, stream {stream}")
        return apply(chunk, amount, Generators(seeds))

    chunks = (images[start : start + CHUNK_SIZE] for start in range(0, len(images), CHUNK_SIZE))
    return np.concatenate([images[:0], *map(corrupt_chunk, chunks)])


def corrupt_each_once(images: ImageBatch, stream: int) -> ImageBatch:
    """Corrupt each image once, with a trained corruption and a severity that its pixels determine."""
    combinations = [(name, severity) for name in TRAINED for severity in SEVERITIES]
    choices = rehash(hash_images(images), f"choice of a corruption, stream {stream}") % np.uint64(len(combinations))
    corrupted = np.array(images)
    for choice, (name, severity) in enumerate(combinations):
        chosen = choices == choice
        corrupted[chosen] = corrupt(images[chosen], name, severity, stream)
    return corrupted


def strength(name: str, severity: int) -> int:
    corruption = CORRUPTIONS[name]
    return (corruption.neutral_strength, *corruption.strengths)[severity]
