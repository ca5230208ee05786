"""Verdicts on a candidate against a reference: better, worse or open, with the difference that could be detected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import bdtr

from digits.comparison.intervals import Difference, estimate_difference

BETTER, WORSE, OPEN = "better", "worse", "open"
# Below 0.05, because p-values are not exact with 2 or 3 seeds: with 0.025, at most 5 % of comparisons of equals get a
# false verdict on any metric.
ALPHA = 0.025
POWER = 0.8

Key = TypeVar("Key")


@dataclass(frozen=True)
class MetricPair:
    """One metric of two variants, as seeds × images, with the same images in both.

    Values are booleans (correct or not) or numbers.
    """

    candidate: np.ndarray
    reference: np.ndarray
    smaller_is_better: bool = False


@dataclass(frozen=True)
class Verdict:
    """The verdict on a candidate against its reference, for one metric.

    `difference` is candidate minus reference as a fraction, whichever direction is better. `p` and `detectable` are
    corrected for all comparisons that are judged together.
    """

    decision: str  # BETTER, WORSE or OPEN
    difference: float
    low: float  # the 95 % interval of the difference, without correction
    high: float
    p: float
    detectable: float
    mcnemar: float | None  # None for metrics that are not correct-or-not
    n_seeds: tuple[int, int]
    n_images: int

    @property
    def generalizes_over_seeds(self) -> bool:
        """Whether the verdict holds for other seeds too, rather than for these models only."""
        return min(self.n_seeds) > 1


def judge(pairs: Mapping[Key, MetricPair]) -> dict[Key, Verdict]:
    """Judge all comparisons of a report, corrected for their number: each is another chance of a false verdict."""
    estimates = {key: estimate_difference(pair.candidate, pair.reference) for key, pair in pairs.items()}
    corrected = holm([estimate.p() for estimate in estimates.values()])
    return {
        key: make_verdict(pair, estimates[key], p, len(pairs))
        for (key, pair), p in zip(pairs.items(), corrected, strict=True)
    }


def make_verdict(pair: MetricPair, estimate: Difference, p: float, n_comparisons: int) -> Verdict:
    """Make a verdict from a corrected `p`. The detectable difference uses the strictest level of Holm's correction."""
    low, high = estimate.interval()
    is_boolean = pair.candidate.dtype == pair.reference.dtype == bool
    return Verdict(
        decision=decide(estimate.value, p, pair.smaller_is_better),
        difference=estimate.value,
        low=low,
        high=high,
        p=p,
        detectable=estimate.detectable(ALPHA / n_comparisons, POWER),
        mcnemar=combine_p_values(mcnemar(pair.candidate, pair.reference)) if is_boolean else None,
        n_seeds=(len(pair.candidate), len(pair.reference)),
        n_images=pair.candidate.shape[1],
    )


def decide(difference: float, p: float, smaller_is_better: bool) -> str:
    if p >= ALPHA:
        return OPEN
    is_smaller = difference < 0
    return BETTER if is_smaller == smaller_is_better else WORSE


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values with Holm's correction, so that one level applies however many there are."""
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values)[order] * (len(p_values) - np.arange(len(p_values)))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return corrected.tolist()


def mcnemar(candidate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the two-sided mid-p of each candidate model (rows) against each reference model (columns)."""
    not_all_correct = ~(candidate.all(axis=0) & reference.all(axis=0))  # the other images count for no pair
    candidate, reference = candidate[:, not_all_correct], reference[:, not_all_correct]
    # The numbers of images that only one of the two models predicts correctly, for each pair of models.
    candidate_only = candidate.astype(np.float64) @ (~reference.T)
    reference_only = (~candidate).astype(np.float64) @ reference.T
    smaller, discordant = np.minimum(candidate_only, reference_only), (candidate_only + reference_only).astype(np.int64)
    below = np.where(smaller > 0, bdtr(smaller - 1, discordant, 0.5), 0)
    return np.where(candidate_only == reference_only, 1, bdtr(smaller, discordant, 0.5) + below)


def combine_p_values(p_values: np.ndarray) -> float:
    """Return one p-value for many: twice the median is valid however they depend on each other."""
    return float(p_values.item() if p_values.size == 1 else min(1, 2 * np.median(p_values)))
