"""Metrics of class probabilities, and the probabilities that `evaluate` stored for the test images."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digits.common.files import read_array
from digits.common.paths import PREDICTIONS

BINS = 15  # of a reliability diagram, of equal width
# Keeps the loss of a model finite that gives the right class no chance at all.
SMALLEST_PROBABILITY = 1e-7


def true_labels() -> np.ndarray:
    return read_array(PREDICTIONS / "labels.npy")


def predictions(model: str) -> np.ndarray:
    return read_array(PREDICTIONS / f"{model}.npy")


def accuracy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return float((probabilities.argmax(axis=1) == truth).mean())


def cross_entropy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    of_truth = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1)).mean())


@dataclass(frozen=True)
class Bin:
    low: float
    high: float  # included
    images: int
    confidence: float | None  # None where the bin is empty
    accuracy: float | None


def reliability(probabilities: np.ndarray, truth: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Accuracy by confidence: of the images predicted with 90 %, nine of ten should be right."""
    confidence = np.clip(probabilities.max(axis=1).astype(np.float64), 0, 1)
    correct = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    counts, confidences, hits = (
        np.bincount(place, weights=weights, minlength=bins) for weights in (None, confidence, correct)
    )
    return [
        Bin(
            low=float(edges[number]),
            high=float(edges[number + 1]),
            images=int(images),
            confidence=float(confidences[number] / images) if images else None,
            accuracy=float(hits[number] / images) if images else None,
        )
        for number, images in enumerate(counts)
    ]


def expected_calibration_error(table: Sequence[Bin]) -> float:
    gaps = [each.images * abs(each.accuracy - each.confidence) for each in table if each.images]
    return sum(gaps) / sum(each.images for each in table)


@dataclass(frozen=True)
class Metric:
    """What the comparison reports of every model: in its tables, in metrics.json and in MLflow."""

    name: str
    heading: str
    of: Callable[[np.ndarray, np.ndarray], float]  # probabilities and true labels
    digits: int
    percent: bool = False


METRICS = (
    Metric("test_accuracy", "Test accuracy", accuracy, digits=2, percent=True),
    Metric("test_loss", "Loss", cross_entropy, digits=4),
    Metric(
        "calibration_error",
        "Calibration error",
        lambda probabilities, truth: expected_calibration_error(reliability(probabilities, truth)),
        digits=1,
        percent=True,
    ),
)


def measure(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    return {metric.name: metric.of(probabilities, truth) for metric in METRICS}


def confusion(truth: np.ndarray, models: Iterable[np.ndarray], classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column), summed over the models."""
    counts = np.zeros(classes * classes, dtype=np.int64)
    for probabilities in models:
        pairs = truth.astype(np.int64) * classes + probabilities.argmax(axis=1)
        counts += np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes)


@dataclass(frozen=True)
class ClassScore:
    """None where it is undefined: the precision of a class never predicted, the recall of one without images."""

    images: int
    precision: float | None
    recall: float | None
    f1: float | None


def class_scores(confusion: np.ndarray) -> list[ClassScore]:
    def share(part: int, whole: int) -> float | None:
        return float(part / whole) if whole else None

    columns = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return [
        ClassScore(int(images), share(hits, predicted), share(hits, images), share(2 * hits, predicted + images))
        for hits, predicted, images in zip(*columns, strict=True)
    ]
