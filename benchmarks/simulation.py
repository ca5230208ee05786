"""Trainings that cost nothing: which test images a recipe's models would get right, with the true accuracy known.

An image is got wrong where its difficulty, the seed's luck and this seed's luck with this image together pass a
threshold, all three normally distributed. So most mistakes are on few hard images, as with the real models, where
two seeds' mistakes correlate with 0.58 to 0.74 and two recipes' with 0.4 to 0.6.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from scipy.special import ndtri

DIFFICULTY = 4.0  # against 1 for a seed's luck with an image
KINSHIP = 0.9  # of the difficulty of an image for two recipes
NEVER_WRONG = 5.0  # below the threshold by so much, an image is right whatever happens


@dataclass(frozen=True)
class Recipe:
    accuracy: float
    spread: float = 0.0  # standard deviation over the seeds of the true accuracy

    @property
    def scale(self) -> float:
        return sqrt(DIFFICULTY**2 + 1 + self.luck**2)

    @property
    def luck(self) -> float:
        """The seed's, such that accuracies spread as wanted: by the slope of the normal distribution there."""
        scale = sqrt(DIFFICULTY**2 + 1)
        return self.spread * scale * sqrt(2 * pi) * exp(ndtri(self.accuracy) ** 2 / 2)

    @property
    def threshold(self) -> float:
        return self.scale * float(ndtri(self.accuracy))


def same(rng: np.random.Generator, recipe: Recipe, seeds: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """A/A: one recipe, two groups of seeds."""
    both = correct(rng, recipe, DIFFICULTY * rng.standard_normal(images, dtype=np.float32), 2 * seeds)
    return both[:seeds], both[seeds:]


def pair(rng: np.random.Generator, mine: Recipe, theirs: Recipe, seeds: int, images: int) -> tuple[np.ndarray, ...]:
    common, *own = rng.standard_normal((3, images), dtype=np.float32)
    mixed = [DIFFICULTY * (sqrt(KINSHIP) * common + sqrt(1 - KINSHIP) * each) for each in own]
    return tuple(correct(rng, recipe, each, seeds) for recipe, each in zip((mine, theirs), mixed, strict=True))


def correct(rng: np.random.Generator, recipe: Recipe, difficulty: np.ndarray, seeds: int) -> np.ndarray:
    luck = np.float32(recipe.luck) * rng.standard_normal((seeds, 1), dtype=np.float32)
    right = np.ones((seeds, len(difficulty)), dtype=bool)
    hard = np.flatnonzero(difficulty > recipe.threshold - NEVER_WRONG - luck.max())
    noise = rng.standard_normal((seeds, len(hard)), dtype=np.float32)
    right[:, hard] = difficulty[hard] + luck + noise < recipe.threshold
    return right
