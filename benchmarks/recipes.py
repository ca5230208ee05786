"""Simulated trainings: predictions of a recipe's models on test images, with known true accuracy.

An image's margin is a threshold minus the image's difficulty, the seed's effect and noise of this seed on this image,
all three normally distributed; the prediction is wrong where the margin is below 0. So most mistakes are on few
difficult images, as with the real models, where mistakes of two seeds correlate with 0.58 to 0.74 and of two recipes
with 0.4 to 0.6. The margin's logistic is the probability of the correct class; its slope is `sharpness`: at 1, a model
is as confident as it is accurate. Seeds differ in sharpness. The accuracy on an image's corrupted versions depends on
the image's own difficulty when corrupted, with a seed effect and noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, pi, sqrt

import numpy as np
from scipy.special import expit, ndtr, ndtri

from digits.evaluation import calibration

N_IMAGES = 10_000
CORRUPTED_EVERY = 10  # one of this many test images is corrupted
DIFFICULTY_SD = 4.0  # relative to the noise of a seed on an image
DIFFICULTY_CORRELATION = 0.9  # between the difficulties of an image for two recipes
TRAINED_VERSIONS, HELD_OUT_VERSIONS = 28, 36  # corrupted versions of an image
METRIC_NAMES = (
    "test_accuracy",
    "test_loss",
    "calibration_error",
    "trained_corruptions_accuracy",
    "held_out_corruptions_accuracy",
)
ACCURACY = METRIC_NAMES[0]
Values = Mapping[str, np.ndarray]  # by metric: seeds × images


@dataclass(frozen=True)
class SimulatedRecipe:
    accuracy: float
    spread: float = 0.0  # standard deviation of the true accuracy over seeds
    sharpness: float = 1.4
    sharpness_spread: float = 0.0  # relative to sharpness
    corrupted_accuracy: float = 0.95
    corrupted_spread: float = 0.0

    @property
    def scale(self) -> float:
        return sqrt(DIFFICULTY_SD**2 + 1 + self.seed_effect_sd**2)

    @property
    def seed_effect_sd(self) -> float:
        return effect_sd(self.accuracy, self.spread, sqrt(DIFFICULTY_SD**2 + 1))

    @property
    def threshold(self) -> float:
        return self.scale * float(ndtri(self.accuracy))

    def values(self, rng: np.random.Generator, difficulty: np.ndarray, n_seeds: int) -> Values:
        """Draw the metrics of images, whose difficulty follows the standard normal distribution."""
        margin = self.margins(rng, difficulty, n_seeds)
        correct = margin > 0
        seed_factor = np.exp(np.float32(self.sharpness_spread) * rng.standard_normal((n_seeds, 1), dtype=np.float32))
        logit = np.float32(2 * self.sharpness * self.threshold / self.scale**2) * seed_factor * margin
        confidence = expit(np.abs(logit)).astype(np.float64)
        # Where the prediction is wrong, the correct class gets the rest of the probability.
        losses = -np.log(np.where(correct, confidence, 1 - confidence).clip(1e-7))
        gaps = np.stack(
            [calibration.errors_per_image(*seed_rows) for seed_rows in zip(confidence, correct, strict=True)]
        )
        sample = difficulty[: len(difficulty) // CORRUPTED_EVERY]
        versions = (TRAINED_VERSIONS, HELD_OUT_VERSIONS)
        corrupted = (self.correct_shares(rng, sample, n_seeds, n_versions) for n_versions in versions)
        return dict(zip(METRIC_NAMES, (correct, losses, gaps, *corrupted), strict=True))

    def margins(self, rng: np.random.Generator, difficulty: np.ndarray, n_seeds: int) -> np.ndarray:
        seed_effects = np.float32(self.seed_effect_sd) * rng.standard_normal((n_seeds, 1), dtype=np.float32)
        noise = rng.standard_normal((n_seeds, len(difficulty)), dtype=np.float32)
        return np.float32(self.threshold) - np.float32(DIFFICULTY_SD) * difficulty - seed_effects - noise

    def correct_shares(
        self, rng: np.random.Generator, difficulty: np.ndarray, n_seeds: int, n_versions: int
    ) -> np.ndarray:
        """Draw the share of correct predictions over each image's corrupted versions."""
        image_sd = sqrt(2)  # of images, and of seeds on an image, relative to the versions of one image
        seed_sd = effect_sd(self.corrupted_accuracy, self.corrupted_spread, sqrt(1 + image_sd**2))
        seed_effects = seed_sd * rng.standard_normal((n_seeds, 1))
        noise = rng.standard_normal((n_seeds, len(difficulty)))
        total_difficulty = image_sd * (sqrt(0.8) * difficulty + sqrt(0.2) * noise) + seed_effects
        probability = ndtr(sqrt(1 + image_sd**2 + seed_sd**2) * ndtri(self.corrupted_accuracy) - total_difficulty)
        return rng.binomial(n_versions, probability) / n_versions

    def __str__(self) -> str:
        # This text seeds the random draws (simulation.measure): "hard" for "corrupted" stays, or all numbers change.
        return (
            f"{self.accuracy:.1%} ± {100 * self.spread:.2f}, sharpness {self.sharpness} ± "
            f"{self.sharpness_spread:.0%}, hard {self.corrupted_accuracy:.0%} ± {100 * self.corrupted_spread:.1f}"
        )


def effect_sd(accuracy: float, spread: float, scale: float) -> float:
    """Return the standard deviation of an effect on the margin that gives accuracies this spread.

    It is the spread divided by the slope of the normal distribution at this accuracy.
    """
    return spread * scale * sqrt(2 * pi) * exp(ndtri(accuracy) ** 2 / 2)


@dataclass(frozen=True)
class Setting:
    candidate: SimulatedRecipe
    reference: SimulatedRecipe | None = None  # None: A/A, the same recipe with other seeds
    n_images: int = N_IMAGES

    def draw(self, rng: np.random.Generator, n_seeds: int) -> tuple[Values, Values]:
        common, *own = rng.standard_normal((3, self.n_images), dtype=np.float32)
        if self.reference is None:
            return self.candidate.values(rng, common, n_seeds), self.candidate.values(rng, common, n_seeds)
        common_part = np.float32(sqrt(DIFFICULTY_CORRELATION)) * common
        candidate, reference = (common_part + np.float32(sqrt(1 - DIFFICULTY_CORRELATION)) * part for part in own)
        return self.candidate.values(rng, candidate, n_seeds), self.reference.values(rng, reference, n_seeds)

    @property
    def has_spread(self) -> bool:
        """Return whether seeds differ in their true accuracy."""
        return any(recipe.spread for recipe in (self.candidate, self.reference) if recipe)

    def __str__(self) -> str:
        recipes = f"{self.candidate} {f'against {self.reference}' if self.reference else 'A/A'}"
        return f"{recipes}, {self.n_images:,} images"


# Measured on real models: accuracy, calibration, corrupted images, and the spread of three seeds in each.
STABLE = SimulatedRecipe(0.992)
CNN = SimulatedRecipe(0.992, 0.0005, 1.45, 0.1, 0.95, 0.005)
TUNED = SimulatedRecipe(0.9965, 0.0003, 1.0, 0.1, 0.98, 0.003)
MLP = SimulatedRecipe(0.98, 0.0015, 1.3, 0.05, 0.87, 0.005)
SMOOTHED = SimulatedRecipe(0.996, 0.0002, 0.18, 0.02, 0.9, 0.012)
UNSTABLE = SimulatedRecipe(0.98, 0.0025, 1.4, 0.2, 0.9, 0.02)
SAME_RECIPE = tuple(map(Setting, (STABLE, CNN, TUNED, MLP, SMOOTHED, UNSTABLE)))
EQUAL_RECIPES = (
    Setting(STABLE, STABLE),
    Setting(replace(CNN, spread=0.0003, sharpness_spread=0.03, corrupted_spread=0.003), replace(CNN, spread=0.001)),
    Setting(replace(TUNED, sharpness_spread=0.05), replace(TUNED, spread=0.0006, corrupted_spread=0.006)),
    Setting(SimulatedRecipe(0.98, sharpness=1.3), SimulatedRecipe(0.98, 0.0025, 1.3, 0.15, 0.95, 0.01)),
)
DIFFERENT_RECIPES = (Setting(TUNED, CNN), Setting(TUNED, SMOOTHED))
