"""Trainings that cost nothing: what a recipe's models would say of test images, with their true accuracy known.

An image's margin is a threshold less its difficulty, the seed's luck and this seed's luck with this image, all three
normally distributed; it is got wrong where the margin is below 0. So most mistakes are on few corrupted images, as with the
real models, where two seeds' mistakes correlate with 0.58 to 0.74 and two recipes' with 0.4 to 0.6. The margin's
logistic is the probability that the right class gets: where its slope is `sharpness` 1, a model is as sure as it is
right; seeds differ in it. An image's corrupted versions are read rightly by how hard it is to corrupt, again with luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, pi, sqrt

import numpy as np
from scipy.special import expit, ndtr, ndtri

from digits.evaluation import calibration

IMAGES = 10_000
SAMPLE = 10  # of so many test images, one is corrupted
DIFFICULTY = 4.0  # against 1 for a seed's luck with an image
DIFFICULTY_CORRELATION = 0.9  # of the difficulty of an image for two recipes
SEEN, UNSEEN = 28, 36  # corrupted versions of an image
METRIC_NAMES = (
    "test_accuracy",
    "test_loss",
    "calibration_error",
    "trained_corruptions_accuracy",
    "held_out_corruptions_accuracy",
)
ACCURACY = METRIC_NAMES[0]
Values = Mapping[str, np.ndarray]  # by axis: seeds × images


@dataclass(frozen=True)
class SimulatedRecipe:
    accuracy: float
    spread: float = 0.0  # standard deviation over the seeds of the true accuracy
    sharpness: float = 1.4
    sharpness_spread: float = 0.0  # as a share of it
    hard: float = 0.95  # accuracy on corrupted images
    hard_spread: float = 0.0

    @property
    def scale(self) -> float:
        return sqrt(DIFFICULTY**2 + 1 + self.luck**2)

    @property
    def luck(self) -> float:
        return luck(self.accuracy, self.spread, sqrt(DIFFICULTY**2 + 1))

    @property
    def threshold(self) -> float:
        return self.scale * float(ndtri(self.accuracy))

    def values(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int) -> Values:
        """Of images whose difficulty is drawn from the standard normal distribution."""
        margin = self.margins(rng, difficulty, seeds)
        right = margin > 0
        of_seeds = np.exp(np.float32(self.sharpness_spread) * rng.standard_normal((seeds, 1), dtype=np.float32))
        logit = np.float32(2 * self.sharpness * self.threshold / self.scale**2) * of_seeds * margin
        sure = expit(np.abs(logit)).astype(np.float64)
        # The loss is what the right class's probability costs: below an even chance, another class has the rest.
        losses = -np.log(np.where(right, sure, 1 - sure).clip(1e-7))
        gaps = np.stack([calibration.gaps(*of_seed) for of_seed in zip(sure, right, strict=True)])
        sample = difficulty[: len(difficulty) // SAMPLE]
        hard = (self.of_versions(rng, sample, seeds, versions) for versions in (SEEN, UNSEEN))
        return dict(zip(METRIC_NAMES, (right, losses, gaps, *hard), strict=True))

    def margins(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int) -> np.ndarray:
        lucks = np.float32(self.luck) * rng.standard_normal((seeds, 1), dtype=np.float32)
        noise = rng.standard_normal((seeds, len(difficulty)), dtype=np.float32)
        return np.float32(self.threshold) - np.float32(DIFFICULTY) * difficulty - lucks - noise

    def of_versions(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int, versions: int) -> np.ndarray:
        """The share of each image's corrupted versions that is right: versions are as unlike as images are."""
        own = sqrt(2)  # the deviation of images and of seeds with them, against 1 for the versions of one
        lucky = luck(self.hard, self.hard_spread, sqrt(1 + own**2))
        lucks, noise = lucky * rng.standard_normal((seeds, 1)), rng.standard_normal((seeds, len(difficulty)))
        harder = own * (sqrt(0.8) * difficulty + sqrt(0.2) * noise) + lucks
        chance = ndtr(sqrt(1 + own**2 + lucky**2) * ndtri(self.hard) - harder)
        return rng.binomial(versions, chance) / versions

    def __str__(self) -> str:
        return (
            f"{self.accuracy:.1%} ± {100 * self.spread:.2f}, sharpness {self.sharpness} ± "
            f"{self.sharpness_spread:.0%}, hard {self.hard:.0%} ± {100 * self.hard_spread:.1f}"
        )


def luck(accuracy: float, spread: float, scale: float) -> float:
    """A seed's, such that accuracies spread as wanted: by the slope of the normal distribution there."""
    return spread * scale * sqrt(2 * pi) * exp(ndtri(accuracy) ** 2 / 2)


@dataclass(frozen=True)
class Setting:
    mine: SimulatedRecipe
    theirs: SimulatedRecipe | None = None  # None: A/A, the same recipe with other seeds
    images: int = IMAGES

    def draw(self, rng: np.random.Generator, seeds: int) -> tuple[Values, Values]:
        common, *own = rng.standard_normal((3, self.images), dtype=np.float32)
        if self.theirs is None:
            return self.mine.values(rng, common, seeds), self.mine.values(rng, common, seeds)
        mine, theirs = (
            np.float32(sqrt(DIFFICULTY_CORRELATION)) * common + np.float32(sqrt(1 - DIFFICULTY_CORRELATION)) * each
            for each in own
        )
        return self.mine.values(rng, mine, seeds), self.theirs.values(rng, theirs, seeds)

    @property
    def spreads(self) -> bool:
        return any(recipe.spread for recipe in (self.mine, self.theirs) if recipe)

    def __str__(self) -> str:
        return f"{self.mine} {f'against {self.theirs}' if self.theirs else 'A/A'}, {self.images:,} images"


# As measured: accuracy, calibration, corrupted images, and how the seeds of three spread in each.
STILL = SimulatedRecipe(0.992)
CNN = SimulatedRecipe(0.992, 0.0005, 1.45, 0.1, 0.95, 0.005)
TUNED = SimulatedRecipe(0.9965, 0.0003, 1.0, 0.1, 0.98, 0.003)
MLP = SimulatedRecipe(0.98, 0.0015, 1.3, 0.05, 0.87, 0.005)
SMOOTH = SimulatedRecipe(0.996, 0.0002, 0.18, 0.02, 0.9, 0.012)
WILD = SimulatedRecipe(0.98, 0.0025, 1.4, 0.2, 0.9, 0.02)
SAME = tuple(map(Setting, (STILL, CNN, TUNED, MLP, SMOOTH, WILD)))
EQUAL = (
    Setting(STILL, STILL),
    Setting(replace(CNN, spread=0.0003, sharpness_spread=0.03, hard_spread=0.003), replace(CNN, spread=0.001)),
    Setting(replace(TUNED, sharpness_spread=0.05), replace(TUNED, spread=0.0006, hard_spread=0.006)),
    Setting(SimulatedRecipe(0.98, sharpness=1.3), SimulatedRecipe(0.98, 0.0025, 1.3, 0.15, 0.95, 0.01)),
)
DIFFERENT = (Setting(TUNED, CNN), Setting(TUNED, SMOOTH))
