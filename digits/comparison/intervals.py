"""Confidence intervals of an accuracy and of a difference, over seeds and test images.

Matrices have one row per seed and one column per test image. Values are booleans (correct or not) or numbers.
docs/statistics.md explains the formulas.
"""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

TAIL = (1 - 0.95) / 2  # on each side of an interval


@dataclass(frozen=True)
class Uncertainty:
    """The variance of an estimate, the share of it due to seeds, and that share's degrees of freedom."""

    variance: float
    seed_share: float = 0.0
    degrees_of_freedom: float = inf

    def margin(self, tail: float) -> float:
        """Return by how much the estimate exceeds the true value with probability `tail`."""
        return self.critical_value(tail) * sqrt(self.variance)

    def critical_value(self, tail: float) -> float:
        """Interpolate between the normal distribution (all variance due to images) and Student's t (due to seeds)."""
        normal = -float(ndtri(tail))
        if not self.seed_share:
            return normal
        # By Cochran and Cox. Satterthwaite's degrees of freedom of the whole variance would cover too rarely.
        return self.seed_share * -float(stdtrit(self.degrees_of_freedom, tail)) + (1 - self.seed_share) * normal

    def p(self, estimate: float) -> float:
        """Return the two-sided p-value: the level at which the interval just touches 0."""
        if estimate == 0 or not self.variance:
            return float(estimate == 0)
        ratio = abs(estimate) / sqrt(self.variance)
        low = float(ndtr(-ratio))
        if not self.seed_share:
            return 2 * low
        high = float(stdtr(self.degrees_of_freedom, -ratio))
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.critical_value(middle) > ratio else (low, middle)
        return 2 * high


@dataclass(frozen=True)
class Accuracy:
    mean: float
    sd: float | None  # over the seeds; None with one seed
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    value: float
    uncertainty: Uncertainty
    max_size: float = inf  # 1 for accuracies

    def interval(self) -> tuple[float, float]:
        margin = self.uncertainty.margin(TAIL)
        return max(-self.max_size, self.value - margin), min(self.max_size, self.value + margin)

    def p(self) -> float:
        return self.uncertainty.p(self.value)

    def detectable(self, alpha: float, power: float) -> float:
        """Return the true difference that a test at level `alpha` detects with probability `power`."""
        return min(self.max_size, self.uncertainty.margin(alpha / 2) + self.uncertainty.margin(1 - power))


def accuracy(correct: np.ndarray) -> Accuracy:
    """Return the mean accuracy with Wilson's interval, which stays between 0 and 1.

    The interval is that of as many independent images as have the same variance.
    """
    mean = float(correct.mean())
    sd = float(correct.mean(axis=1).std(ddof=1)) if len(correct) > 1 else None
    uncertainty = estimate_uncertainty(correct.mean(axis=0), correct)
    n_images = correct.shape[1]
    variance = mean * (1 - mean)
    # With all predictions equally correct, the seeds add no information: only the images count.
    n_effective = min(variance / uncertainty.variance, correct.size) if variance and uncertainty.variance else n_images
    squared = uncertainty.critical_value(TAIL) ** 2
    centre = (mean + squared / n_effective / 2) / (1 + squared / n_effective)
    margin = sqrt(squared * (variance / n_effective + squared / n_effective**2 / 4)) / (1 + squared / n_effective)
    return Accuracy(mean, sd, max(0.0, centre - margin), min(1.0, centre + margin))


def difference(candidate: np.ndarray, reference: np.ndarray) -> Difference:
    """Return candidate minus reference, paired by test image.

    Seeds are not paired: the same seed gives networks of different shapes unrelated weights.
    """
    image_differences = candidate.mean(axis=0) - reference.mean(axis=0)
    uncertainty = estimate_uncertainty(image_differences, candidate, reference)
    if not candidate.dtype == reference.dtype == bool:
        return Difference(float(image_differences.mean()), uncertainty)
    # As if each variant were correct on one more image that the other misses: equal predictions prove no equality.
    variance = uncertainty.variance + 1 / candidate.size**2 + 1 / reference.size**2
    seed_share = uncertainty.seed_share * uncertainty.variance / variance
    corrected = Uncertainty(variance, seed_share, uncertainty.degrees_of_freedom)
    return Difference(float(image_differences.mean()), corrected, max_size=1.0)


def estimate_uncertainty(image_values: np.ndarray, *variants: np.ndarray) -> Uncertainty:
    """Return the uncertainty of the mean of `image_values`, which are computed from the variants' matrices."""
    n_images = len(image_values)
    image_variance = float(image_values.var(ddof=min(1, n_images - 1)))
    if min(map(len, variants)) == 1:  # one seed: the interval covers these models on other images only
        return Uncertainty(image_variance / n_images)
    # Seeds also make images differ. That part is already in the variance between seeds.
    image_variance = max(0.0, image_variance - sum(map(residual_variance, variants))) / n_images
    parts = [(float(values.mean(axis=1).var(ddof=1)) / len(values), len(values) - 1) for values in variants]
    seed_variance = sum(part for part, _ in parts)
    if not seed_variance:
        return Uncertainty(image_variance)
    # The mean of Welch's two formulas, which have 0 and 2 in place of this 1: the first is too careful where both
    # variants have the same variance, the second too bold where only one varies.
    freedom = seed_variance**2 / sum(part**2 / (freedom + 1) for part, freedom in parts) - 1
    freedom = min(freedom, sum(freedom for _, freedom in parts))
    return Uncertainty(image_variance + seed_variance, seed_variance / (image_variance + seed_variance), freedom)


def residual_variance(values: np.ndarray) -> float:
    """Return the variance of an image's mean over seeds that is due to the seeds: the two-way table's residual."""
    n_seeds, n_images = values.shape
    if n_images == 1:
        return 0.0
    squares = np.square(values, dtype=np.float64).sum() - n_seeds * np.square(values.mean(axis=0)).sum()
    squares -= n_images * (np.square(values.mean(axis=1)).sum() - n_seeds * values.mean() ** 2)
    return max(0.0, float(squares)) / (n_seeds - 1) / (n_images - 1) / n_seeds
