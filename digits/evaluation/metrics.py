"""What is measured of a model on the test images: each metric is a mean over images, so that each has an interval."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digits.core.files import read_array
from digits.core.paths import PREDICTIONS
from digits.data.corruptions import CORRUPTIONS, HELD_OUT, TRAINED
from digits.evaluation import calibration, robustness

# Keeps the loss of a model finite that gives the right class no chance at all.
SMALLEST_PROBABILITY = 1e-7
ENSEMBLE_SUFFIX = "-ensemble"


@dataclass(frozen=True)
class Predictions:
    """Of a model, or of an ensemble."""

    probabilities: np.ndarray  # test images × classes
    labels: np.ndarray
    corrupted: np.ndarray | None = None  # right or not: kinds × severities × sample of the images; None: not measured


@dataclass(frozen=True)
class Metric:
    """What the comparison reports of every model: in its tables, in metrics.json and in MLflow."""

    name: str
    heading: str
    per_image: Callable[[Predictions], np.ndarray]
    digits: int
    percent: bool = False
    smaller_is_better: bool = False
    needs_corrupted: bool = False

    def mean(self, output: Predictions) -> float:
        return float(self.per_image(output).mean(dtype=np.float64))

    def per_model(self, outputs: Sequence[Predictions]) -> np.ndarray:
        """Models × images."""
        return np.stack([self.per_image(each) for each in outputs])

    def available_for(self, outputs: Iterable[Predictions]) -> bool:
        return not self.needs_corrupted or all(each.corrupted is not None for each in outputs)


def load_labels() -> np.ndarray:
    return read_array(PREDICTIONS / "labels.npy")


def load_probabilities(model: str) -> np.ndarray:
    return read_array(PREDICTIONS / f"{model}.npy")


def ensemble_name(family: str, variant: str) -> str:
    return f"{family}-{variant}{ENSEMBLE_SUFFIX}"


def load_predictions(name: str) -> Predictions:
    """Of a model, or of the ensemble of a family's variant, as `evaluate` stored it."""
    corrupted = robustness.load_correct(name)
    if not name.endswith(ENSEMBLE_SUFFIX):
        return Predictions(load_probabilities(name), load_labels(), corrupted)
    models = sorted(file.stem for file in PREDICTIONS.glob(f"{name.removesuffix(ENSEMBLE_SUFFIX)}-*.npy"))
    return average([Predictions(load_probabilities(model), load_labels()) for model in models], corrupted)


def average(models: Sequence[Predictions], corrupted: np.ndarray | None = None) -> Predictions:
    """The mean of its models' probabilities: costs as many predictions as there are models, and no more training."""
    probabilities = np.mean([each.probabilities for each in models], axis=0, dtype=np.float64)
    return Predictions(probabilities, models[0].labels, corrupted)


def is_correct(output: Predictions) -> np.ndarray:
    return output.probabilities.argmax(axis=1) == output.labels


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(is_correct(Predictions(probabilities, labels)).mean())


def losses(output: Predictions) -> np.ndarray:
    of_truth = output.probabilities[np.arange(len(output.labels)), output.labels].astype(np.float64)
    return -np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1))


def calibration_gaps(output: Predictions) -> np.ndarray:
    return calibration.gaps(calibration.confidences(output.probabilities), is_correct(output))


def corrupted_accuracy(kinds: Sequence[str]) -> Callable[[Predictions], np.ndarray]:
    """The share of an image's corrupted versions of these kinds that is read rightly."""
    return lambda output: output.corrupted[[name in kinds for name in CORRUPTIONS]].mean(axis=(0, 1))


METRICS = (
    Metric("test_accuracy", "Test accuracy", is_correct, digits=2, percent=True),
    Metric("test_loss", "Loss", losses, digits=4, smaller_is_better=True),
    Metric("calibration_error", "Calibration error", calibration_gaps, 1, percent=True, smaller_is_better=True),
    Metric(
        "trained_corruptions_accuracy",
        "Trained corruptions",
        corrupted_accuracy(TRAINED),
        1,
        percent=True,
        needs_corrupted=True,
    ),
    Metric(
        "held_out_corruptions_accuracy",
        "Held-out corruptions",
        corrupted_accuracy(HELD_OUT),
        1,
        percent=True,
        needs_corrupted=True,
    ),
)


def measure(output: Predictions) -> dict[str, float]:
    return {metric.name: metric.mean(output) for metric in METRICS if metric.available_for([output])}


def confusion(labels: np.ndarray, models: Iterable[np.ndarray], classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column), summed over the models."""
    counts = np.zeros(classes * classes, dtype=np.int64)
    for probabilities in models:
        pairs = labels.astype(np.int64) * classes + probabilities.argmax(axis=1)
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
