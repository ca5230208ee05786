"""How sure a mean is, or a difference of two: with other seeds and with other test images it would be another.

All matrices have a row per seed and a column per test image: right or not, or a number. docs/statistics.md says why it
is so.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

TAIL = (1 - 0.95) / 2  # on each side of an interval


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
        # By Cochran and Cox. Satterthwaite's degrees of freedom of the whole variance would cover too rarely.
        return self.seed_share * -float(stdtrit(self.degrees_of_freedom, tail)) + (1 - self.seed_share) * normal

    def p(self, estimate: float) -> float:
        """Two-sided: the level at which the interval just touches 0."""
        if estimate == 0 or not self.variance:
            return float(estimate == 0)
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
    largest: float = inf  # that there can be

    def interval(self) -> tuple[float, float]:
        margin = self.uncertainty.margin(TAIL)
        return max(-self.largest, self.value - margin), min(self.largest, self.value + margin)

    def p(self) -> float:
        return self.uncertainty.p(self.value)

    def detectable(self, alpha: float, power: float) -> float:
        """The true difference that a test at this level finds with this probability."""
        return min(self.largest, self.uncertainty.margin(alpha / 2) + self.uncertainty.margin(1 - power))


def accuracy(correct: np.ndarray) -> Accuracy:
    """Wilson's interval, for as many independent images as give the same variance: it never ends beyond 0 or 1."""
    mean = float(correct.mean())
    sd = float(correct.mean(axis=1).std(ddof=1)) if len(correct) > 1 else None
    found = uncertainty(correct.mean(axis=0), correct)
    images = correct.shape[1]
    variance = mean * (1 - mean)
    # Where all predictions are alike, seeds have told nothing: the images alone count.
    effective = min(variance / found.variance, correct.size) if variance and found.variance else images
    squared = found.critical(TAIL) ** 2
    centre = (mean + squared / effective / 2) / (1 + squared / effective)
    margin = sqrt(squared * (variance / effective + squared / effective**2 / 4)) / (1 + squared / effective)
    return Accuracy(mean, sd, max(0.0, centre - margin), min(1.0, centre + margin))


def difference(mine: np.ndarray, theirs: np.ndarray) -> Difference:
    """Of means, paired by test image, not by seed, for another network's seed 1 is another draw."""
    of_image = mine.mean(axis=0) - theirs.mean(axis=0)
    found = uncertainty(of_image, mine, theirs)
    if not mine.dtype == theirs.dtype == bool:
        return Difference(float(of_image.mean()), found)
    # As if each had been right once more where the other was not: models that never differ prove no equality.
    variance = found.variance + 1 / mine.size**2 + 1 / theirs.size**2
    share = found.seed_share * found.variance / variance
    return Difference(float(of_image.mean()), Uncertainty(variance, share, found.degrees_of_freedom), largest=1.0)


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
    # Half-way between Welch's two formulas, with 0 and 2 for this 1: the first is too careful where both spread alike,
    # the second too bold where one does alone.
    freedom = of_seeds**2 / sum(part**2 / (freedom + 1) for part, freedom in parts) - 1
    freedom = min(freedom, sum(freedom for _, freedom in parts))
    return Uncertainty(of_images + of_seeds, of_seeds / (of_images + of_seeds), freedom)


def residual_variance(values: np.ndarray) -> float:
    """What an image's mean over the seeds owes to which seeds they were: the two-way table's residual."""
    seeds, images = values.shape
    if images == 1:
        return 0.0
    squares = np.square(values, dtype=np.float64).sum() - seeds * np.square(values.mean(axis=0)).sum()
    squares -= images * (np.square(values.mean(axis=1)).sum() - seeds * values.mean() ** 2)
    return max(0.0, float(squares)) / (seeds - 1) / (images - 1) / seeds
