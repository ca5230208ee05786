"""Confidence intervals of an accuracy and of a difference, over seeds and test images.

Matrices have one row per seed and one column per test image. Values are booleans (correct or not) or numbers.
docs/statistics.md explains the formulas in its section "The method".
"""

from collections.abc import Sequence
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
        """Return the half-width of an interval that misses the true value on each side with probability `tail`."""
        return self.critical_value(tail) * sqrt(self.variance)

    def critical_value(self, tail: float) -> float:
        """Interpolate between the normal distribution (if images cause all variance) and Student's t (if seeds do)."""
        normal = -float(ndtri(tail))
        if not self.seed_share:
            return normal
        # By Cochran and Cox. Satterthwaite's degrees of freedom of the whole variance would give too narrow intervals.
        students_t = -float(stdtrit(self.degrees_of_freedom, tail))
        return self.seed_share * students_t + (1 - self.seed_share) * normal

    def p(self, estimate: float) -> float:
        """Return the two-sided p-value: the level at which the interval just touches 0."""
        if estimate == 0 or not self.variance:
            return float(estimate == 0)
        ratio = abs(estimate) / sqrt(self.variance)
        low = float(ndtr(-ratio))
        if not self.seed_share:
            return 2 * low
        high = float(stdtr(self.degrees_of_freedom, -ratio))
        # Bisection between the tails of both distributions: the critical value has no inverse in closed form.
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.critical_value(middle) > ratio else (low, middle)
        return 2 * high


@dataclass(frozen=True)
class AccuracyEstimate:
    mean: float
    sd: float | None  # over the seeds; None with one seed
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    value: float
    uncertainty: Uncertainty
    max_absolute: float = inf  # of value and interval; 1 for accuracies

    def interval(self) -> tuple[float, float]:
        margin = self.uncertainty.margin(TAIL)
        return max(-self.max_absolute, self.value - margin), min(self.max_absolute, self.value + margin)

    def p(self) -> float:
        return self.uncertainty.p(self.value)

    def detectable(self, alpha: float, power: float) -> float:
        """Return the true difference that a test at level `alpha` detects with probability `power`."""
        return min(self.max_absolute, self.uncertainty.margin(alpha / 2) + self.uncertainty.margin(1 - power))


def estimate_accuracy(correct: np.ndarray) -> AccuracyEstimate:
    """Return the mean accuracy with Wilson's interval.

    The interval uses an effective number of independent images: the number on which a single model's accuracy would
    have the same variance.
    """
    mean = float(correct.mean())
    sd = float(correct.mean(axis=1).std(ddof=1)) if len(correct) > 1 else None
    uncertainty = estimate_uncertainty(correct.mean(axis=0), correct)
    variance_per_image = mean * (1 - mean)
    if variance_per_image and uncertainty.variance:
        n_effective = min(variance_per_image / uncertainty.variance, correct.size)
    else:  # if all predictions are right, or all are wrong, seeds add no information
        n_effective = correct.shape[1]
    return AccuracyEstimate(mean, sd, *wilson_interval(mean, n_effective, uncertainty.critical_value(TAIL)))


def wilson_interval(share: float, n_images: float, critical_value: float) -> tuple[float, float]:
    """Return Wilson's interval of a share, which stays between 0 and 1."""
    squared = critical_value**2
    centre = (share + squared / n_images / 2) / (1 + squared / n_images)
    variance = share * (1 - share) / n_images + squared / n_images**2 / 4
    margin = sqrt(squared * variance) / (1 + squared / n_images)
    return max(0.0, centre - margin), min(1.0, centre + margin)


def estimate_difference(candidate: np.ndarray, reference: np.ndarray) -> Difference:
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
    return Difference(float(image_differences.mean()), corrected, max_absolute=1.0)


def estimate_uncertainty(image_values: np.ndarray, *matrices: np.ndarray) -> Uncertainty:
    """Return the uncertainty of the mean of `image_values`, which are computed from the variants' matrices.

    The variance is variance between seeds / seeds + variance between images / images.
    """
    n_images = len(image_values)
    variance_between_images = float(image_values.var(ddof=min(1, n_images - 1)))
    if min(map(len, matrices)) == 1:  # one seed: the interval covers these models on other images only
        return Uncertainty(variance_between_images / n_images)
    # Image values also vary because of the seeds. The variance between seeds already contains that.
    noise_of_seeds = sum(map(residual_variance, matrices))
    image_variance = max(0.0, variance_between_images - noise_of_seeds) / n_images
    seed_variances = [float(matrix.mean(axis=1).var(ddof=1)) / len(matrix) for matrix in matrices]
    seed_variance = sum(seed_variances)
    if not seed_variance:
        return Uncertainty(image_variance)
    variance = image_variance + seed_variance
    freedom = degrees_of_freedom(seed_variances, [len(matrix) - 1 for matrix in matrices])
    return Uncertainty(variance, seed_variance / variance, freedom)


def degrees_of_freedom(variances: Sequence[float], degrees: Sequence[int]) -> float:
    """Return the degrees of freedom of the sum of independent variances, of which each has its own degrees.

    The 1 in the formula is halfway between Welch's two formulas, which have 0 and 2: the first is conservative where
    both variants have the same variance, the second anti-conservative where only one varies.
    """
    weighted = sum(variance**2 / (degree + 1) for variance, degree in zip(variances, degrees, strict=True))
    return min(sum(variances) ** 2 / weighted - 1, sum(degrees))


def residual_variance(values: np.ndarray) -> float:
    """Return the variance of an image's mean over seeds that is due to the seeds: the two-way table's residual."""
    n_seeds, n_images = values.shape
    if n_images == 1:
        return 0.0
    squares = np.square(values, dtype=np.float64).sum() - n_seeds * np.square(values.mean(axis=0)).sum()
    squares -= n_images * (np.square(values.mean(axis=1)).sum() - n_seeds * values.mean() ** 2)
    return max(0.0, float(squares)) / (n_seeds - 1) / (n_images - 1) / n_seeds
