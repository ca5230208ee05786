"""Calibration: the bins of the reliability diagram, and the expected calibration error per image."""

from dataclasses import dataclass

import numpy as np

BINS = 15  # of equal width


def confidences(probabilities: np.ndarray) -> np.ndarray:
    return np.clip(probabilities.max(axis=1).astype(np.float64), 0, 1)


def bin_indices(confidence: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence, side="left")


def errors_per_image(confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Return confidence minus correctness per image, multiplied by the sign of its sum over the image's bin.

    The mean is the expected calibration error. Example: in an underconfident bin, the sum is negative, so an image of
    confidence 0.6 counts +0.4 if it is correct and -0.6 if it is not.
    """
    indices, surplus = bin_indices(confidence), confidence - correct
    bin_signs = np.sign(np.bincount(indices, weights=surplus))
    return bin_signs[indices] * surplus


@dataclass(frozen=True)
class Bin:
    low: float
    high: float  # included
    n_images: int
    confidence: float | None  # None for an empty bin
    accuracy: float | None


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[Bin]:
    """Return the bins. In a calibrated model, nine in ten images predicted with 90 % confidence are correct."""
    confidence, correct = confidences(probabilities), probabilities.argmax(axis=1) == labels
    edges, indices = np.linspace(0, 1, BINS + 1), bin_indices(confidence)
    counts, confidence_sums, correct_counts = (
        np.bincount(indices, weights=weights, minlength=BINS) for weights in (None, confidence, correct)
    )
    return [
        Bin(
            low=float(edges[index]),
            high=float(edges[index + 1]),
            n_images=int(count),
            confidence=float(confidence_sums[index] / count) if count else None,
            accuracy=float(correct_counts[index] / count) if count else None,
        )
        for index, count in enumerate(counts)
    ]
