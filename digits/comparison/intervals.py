"""How sure an accuracy is, or a difference of two: with other seeds and with other test images it would be another.

`correct` always is a boolean matrix: a row per seed, a column per test image. docs/statistics.md says why it is so.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

LEVEL = 0.95


@dataclass(frozen=True)
class Uncertainty:
    """An estimate's variance; the share of it that seeds cause, and the degrees of freedom in which they tell it."""

    variance: float
    seed_share: float = 0.0
    degrees_of_freedom: float = inf

    def margin(self, tail: float) -> float:
        """How far the estimate lies above the truth with this probability."""
        return self.critical(tail) * sqrt(self.variance)

    def critical(self, tail: float) -> float:
        """Between the normal distribution's, where images cause all the variance, and Student's t's, where seeds do."""
        normal = -float(ndtri(tail))
        if not self.seed_share:
            return normal
        # Cochran and Cox weigh by the share itself and cover too often, Satterthwaite's degrees of freedom too rarely.
        weight = self.seed_share**2 * (3 - 2 * self.seed_share)
        return weight * -float(stdtrit(self.degrees_of_freedom, tail)) + (1 - weight) * normal

    def p(self, estimate: float) -> float:
        """Two-sided: the level at which the interval just touches 0."""
        if estimate == 0:
            return 1.0
        ratio = abs(estimate) / sqrt(self.variance)
        low = float(ndtr(-ratio))
        if not self.seed_share:
            return 2 * low
        high = float(stdtr(self.degrees_of_freedom, -ratio))
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.critical(middle) > ratio else (low, middle)
        return 2 * high


@dataclass(frozen=True)
class Accuracy:
    mean: float
    sd: float | None  # over the seeds; None where there is one only
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    value: float
    uncertainty: Uncertainty

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        margin = self.uncertainty.margin((1 - level) / 2)
        return max(-1.0, self.value - margin), min(1.0, self.value + margin)

    def p(self) -> float:
        return self.uncertainty.p(self.value)

    def detectable(self, alpha: float, power: float) -> float:
        """The true difference that a test at this level finds with this probability."""
        return self.uncertainty.margin(alpha / 2) + self.uncertainty.margin(1 - power)


def accuracy(correct: np.ndarray, level: float = LEVEL) -> Accuracy:
    """Wilson's interval, for as many independent images as give the same variance: it never ends beyond 0 or 1."""
    mean = float(correct.mean())
    sd = float(correct.mean(axis=1).std(ddof=1)) if len(correct) > 1 else None
    found = uncertainty(correct.mean(axis=0), correct)
    images = correct.shape[1]
    variance = mean * (1 - mean)
    # Where all predictions are alike, seeds have told nothing: the images alone count.
    effective = min(variance / found.variance, correct.size) if variance and found.variance else images
    squared = found.critical((1 - level) / 2) ** 2
    centre = (mean + squared / effective / 2) / (1 + squared / effective)
    margin = sqrt(squared * (variance / effective + squared / effective**2 / 4)) / (1 + squared / effective)
    return Accuracy(mean, sd, max(0.0, centre - margin), min(1.0, centre + margin))


def difference(mine: np.ndarray, theirs: np.ndarray) -> Difference:
    """Of accuracies: paired by test image, not by seed, for another network's seed 1 is another draw."""
    of_image = mine.mean(axis=0) - theirs.mean(axis=0)
    found = uncertainty(of_image, mine, theirs)
    # As if each had been right once more where the other was not: models that never differ prove no equality.
    variance = found.variance + 1 / mine.size**2 + 1 / theirs.size**2
    share = found.seed_share * found.variance / variance
    return Difference(float(of_image.mean()), Uncertainty(variance, share, found.degrees_of_freedom))


def uncertainty(of_image: np.ndarray, *variants: np.ndarray) -> Uncertainty:
    images = len(of_image)
    of_images = float(of_image.var(ddof=min(1, images - 1)))
    if min(map(len, variants)) == 1:  # a statement about these models: nothing is known of other seeds
        return Uncertainty(of_images / images)
    # Seeds make images differ too. That part is in the variance between seeds already.
    of_images = max(0.0, of_images - sum(map(residual_variance, variants))) / images
    parts = [(float(each.mean(axis=1).var(ddof=1)) / len(each), len(each) - 1) for each in variants]
    of_seeds = sum(part for part, _ in parts)
    if not of_seeds:
        return Uncertainty(of_images)
    # By Welch and Satterthwaite, of the variance between seeds
    freedom = of_seeds**2 / sum(part**2 / freedom for part, freedom in parts)
    return Uncertainty(of_images + of_seeds, of_seeds / (of_images + of_seeds), freedom)


def residual_variance(correct: np.ndarray) -> float:
    """What an image's mean over the seeds owes to which seeds they were: the two-way table's residual."""
    seeds, images = correct.shape
    if images == 1:
        return 0.0
    squares = correct.sum() - seeds * np.square(correct.mean(axis=0)).sum()
    squares -= images * (np.square(correct.mean(axis=1)).sum() - seeds * correct.mean() ** 2)
    return max(0.0, float(squares)) / (seeds - 1) / (images - 1) / seeds
