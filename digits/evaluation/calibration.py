"""Whether a model is right as often as it says: among answers given with 90 %, nine of ten should be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 15  # of equal width, of the probability of the answer given


@dataclass(frozen=True)
class Bin:
    low: float
    high: float  # included
    images: int
    confidence: float | None  # None where no answer fell
    accuracy: float | None


def reliability(probabilities: np.ndarray, truth: np.ndarray, bins: int = BINS) -> list[Bin]:
    confidence = np.clip(probabilities.max(axis=1).astype(np.float64), 0, 1)
    right = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    counts, sure, correct = (
        np.bincount(place, weights=weights, minlength=bins) for weights in (None, confidence, right)
    )
    return [
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            images=int(images),
            confidence=float(sure[number] / images) if images else None,
            accuracy=float(correct[number] / images) if images else None,
        )
        for number, images in enumerate(counts)
    ]


def error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return expected_error(reliability(probabilities, truth))


def expected_error(table: Sequence[Bin]) -> float:
    """Expected calibration error: how far accuracy is from confidence, over the bins, each counted by its images."""
    gaps = [each.images * abs(each.accuracy - each.confidence) for each in table if each.images]
    return sum(gaps) / sum(each.images for each in table)
