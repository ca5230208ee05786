"""Trainings that cost nothing: which test images a recipe's models would get right, with the true accuracy known.

An image is got wrong where its difficulty, the seed's luck and this seed's luck with this image together pass a
threshold, all three normally distributed. So most mistakes are on few hard images, as with the real models, where
two seeds' mistakes correlate with 0.58 to 0.74 and two recipes' with 0.4 to 0.6.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from scipy.special import ndtri

IMAGES = 10_000
DIFFICULTY = 4.0  # against 1 for a seed's luck with an image
KINSHIP = 0.9  # of the difficulty of an image for two recipes
NEVER_WRONG = 5.0  # below the threshold by so much, an image is right whatever happens


@dataclass(frozen=True)
class SimulatedRecipe:
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

    def correct(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int) -> np.ndarray:
        """Seeds × images."""
        luck = np.float32(self.luck) * rng.standard_normal((seeds, 1), dtype=np.float32)
        right = np.ones((seeds, len(difficulty)), dtype=bool)
        hard = np.flatnonzero(difficulty > self.threshold - NEVER_WRONG - luck.max())
        noise = rng.standard_normal((seeds, len(hard)), dtype=np.float32)
        right[:, hard] = difficulty[hard] + luck + noise < self.threshold
        return right


@dataclass(frozen=True)
class Setting:
    mine: SimulatedRecipe
    theirs: SimulatedRecipe | None = None  # None: A/A, the same recipe with other seeds
    images: int = IMAGES

    def draw(self, rng: np.random.Generator, seeds: int) -> tuple[np.ndarray, np.ndarray]:
        if self.theirs is None:
            difficulty = DIFFICULTY * rng.standard_normal(self.images, dtype=np.float32)
            both = self.mine.correct(rng, difficulty, 2 * seeds)
            return both[:seeds], both[seeds:]
        common, *own = rng.standard_normal((3, self.images), dtype=np.float32)
        mine, theirs = (DIFFICULTY * (sqrt(KINSHIP) * common + sqrt(1 - KINSHIP) * each) for each in own)
        return self.mine.correct(rng, mine, seeds), self.theirs.correct(rng, theirs, seeds)

    @property
    def gain(self) -> float:
        return self.mine.accuracy - self.theirs.accuracy if self.theirs else 0.0

    @property
    def spreads(self) -> bool:
        return any(recipe.spread for recipe in (self.mine, self.theirs) if recipe)

    def __str__(self) -> str:
        other = f"against {self.theirs.accuracy:.1%} ± {100 * self.theirs.spread:.2f}" if self.theirs else "A/A"
        return f"{self.mine.accuracy:.1%} ± {100 * self.mine.spread:.2f} {other}, {self.images:,} images"


def settings(*pairs: tuple[tuple[float, float], ...]) -> tuple[Setting, ...]:
    """Each recipe as its accuracy and its spread."""
    return tuple(Setting(*(SimulatedRecipe(*recipe) for recipe in pair)) for pair in pairs)


SAME = settings(
    *(((0.98, spread),) for spread in (0.0, 0.001, 0.0025)),
    *(((0.99, spread),) for spread in (0.0, 0.0005, 0.001)),
    *(((0.997, spread),) for spread in (0.0, 0.0003)),
)
EQUAL = settings(
    ((0.98, 0.0), (0.98, 0.0025)),
    ((0.99, 0.0), (0.99, 0.0)),
    ((0.99, 0.0003), (0.99, 0.001)),
    ((0.997, 0.0003), (0.997, 0.0006)),
)
DIFFERENT = settings(
    ((0.991, 0.0003), (0.979, 0.0023)),
    ((0.996, 0.0003), (0.991, 0.0006)),
)
