"""Is a model right as often as it is sure? The reliability diagram's bins, and the error that they sum up to."""

from dataclasses import dataclass

import numpy as np

BINS = 15  # of equal width


def confidences(probabilities: np.ndarray) -> np.ndarray:
    return np.clip(probabilities.max(axis=1).astype(np.float64), 0, 1)


def places(confidence: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence, side="left")


def gaps(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """By how much each answer was too sure, or not sure enough where its whole bin was: their mean is the error."""
    place, surplus = places(confidence), confidence - right
    return np.sign(np.bincount(place, weights=surplus))[place] * surplus


@dataclass(frozen=True)
class Bin:
    low: float
    high: float  # included
    images: int
    confidence: float | None  # None where the bin is empty
    accuracy: float | None


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[Bin]:
    """Accuracy by confidence: of the images predicted with 90 %, nine of ten should be right."""
    confidence, right = confidences(probabilities), probabilities.argmax(axis=1) == labels
    edges, place = np.linspace(0, 1, BINS + 1), places(confidence)
    counts, sums, hits = (np.bincount(place, weights=weights, minlength=BINS) for weights in (None, confidence, right))
    return [
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            images=int(images),
            confidence=float(sums[number] / images) if images else None,
            accuracy=float(hits[number] / images) if images else None,
        )
        for number, images in enumerate(counts)
    ]
