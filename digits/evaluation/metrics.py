"""The metrics of a model on the test images. All are means over images, from which confidence intervals follow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digits.core.files import read_array
from digits.core.paths import PREDICTIONS
from digits.data.corruptions import CORRUPTIONS, HELD_OUT, TRAINED
from digits.evaluation import calibration, robustness

MIN_PROBABILITY = 1e-7  # keeps the loss finite where the label's probability is 0
ENSEMBLE_FILE_SUFFIX = "-ensemble"  # of names of files; comparison.ENSEMBLE_LABEL is for tables


@dataclass(frozen=True)
class Predictions:
    """The predictions of a model or an ensemble."""

    probabilities: np.ndarray  # test images × classes
    labels: np.ndarray
    corrupted_correct: np.ndarray | None = None  # corruptions × severities × sampled images; None: not measured


@dataclass(frozen=True)
class Metric:
    """A metric that is reported for every model, in the tables, in metrics.json and in MLflow."""

    name: str
    heading: str
    per_image: Callable[[Predictions], np.ndarray]
    decimals: int
    percent: bool = False
    smaller_is_better: bool = False
    needs_corrupted: bool = False

    def mean(self, predictions: Predictions) -> float:
        return float(self.per_image(predictions).mean(dtype=np.float64))

    def per_model(self, models: Sequence[Predictions]) -> np.ndarray:
        """Return the values as models × images."""
        return np.stack([self.per_image(predictions) for predictions in models])

    def available_for(self, models: Iterable[Predictions]) -> bool:
        return not self.needs_corrupted or all(predictions.corrupted_correct is not None for predictions in models)


def load_labels() -> np.ndarray:
    return read_array(PREDICTIONS / "labels.npy")


def load_probabilities(model: str) -> np.ndarray:
    return read_array(PREDICTIONS / f"{model}.npy")


def ensemble_name(family: str, variant: str) -> str:
    return f"{family}-{variant}{ENSEMBLE_FILE_SUFFIX}"


def load_predictions(name: str) -> Predictions:
    """Load what `evaluate` stored for a model or an ensemble."""
    corrupted_correct = robustness.load_corrupted_correctness(name)
    if not name.endswith(ENSEMBLE_FILE_SUFFIX):
        return Predictions(load_probabilities(name), load_labels(), corrupted_correct)
    models = sorted(file.stem for file in PREDICTIONS.glob(f"{name.removesuffix(ENSEMBLE_FILE_SUFFIX)}-*.npy"))
    return average([Predictions(load_probabilities(model), load_labels()) for model in models], corrupted_correct)


def average(models: Sequence[Predictions], corrupted_correct: np.ndarray | None = None) -> Predictions:
    """Return the predictions of an ensemble: the mean of its models' probabilities."""
    probabilities = np.mean([predictions.probabilities for predictions in models], axis=0, dtype=np.float64)
    return Predictions(probabilities, models[0].labels, corrupted_correct)


def is_correct(predictions: Predictions) -> np.ndarray:
    return predictions.probabilities.argmax(axis=1) == predictions.labels


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(is_correct(Predictions(probabilities, labels)).mean())


def losses(predictions: Predictions) -> np.ndarray:
    labels = predictions.labels
    label_probabilities = predictions.probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(label_probabilities, MIN_PROBABILITY, 1))


def calibration_errors(predictions: Predictions) -> np.ndarray:
    return calibration.errors_per_image(calibration.confidences(predictions.probabilities), is_correct(predictions))


def corrupted_accuracy(corruptions: Sequence[str]) -> Callable[[Predictions], np.ndarray]:
    """Return a function that computes, per image, the share of these corruptions and severities that is correct."""
    selected = [name in corruptions for name in CORRUPTIONS]
    return lambda predictions: predictions.corrupted_correct[selected].mean(axis=(0, 1))


METRICS = (
    Metric("test_accuracy", "Test accuracy", is_correct, decimals=2, percent=True),
    Metric("test_loss", "Loss", losses, decimals=4, smaller_is_better=True),
    Metric("calibration_error", "Calibration error", calibration_errors, 1, percent=True, smaller_is_better=True),
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


def compute_metrics(predictions: Predictions) -> dict[str, float]:
    return {metric.name: metric.mean(predictions) for metric in METRICS if metric.available_for([predictions])}


def confusion_matrix(labels: np.ndarray, models: Iterable[np.ndarray], n_classes: int) -> np.ndarray:
    """Count predictions by label (rows) and predicted class (columns), summed over the models' probabilities."""
    counts = np.zeros(n_classes * n_classes, dtype=np.int64)
    for probabilities in models:
        cells = labels.astype(np.int64) * n_classes + probabilities.argmax(axis=1)
        counts += np.bincount(cells, minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes)


@dataclass(frozen=True)
class ClassScore:
    """The scores of one class. Precision is None for a class that is never predicted, recall for one without images."""

    n_images: int
    precision: float | None
    recall: float | None
    f1: float | None


def class_scores(confusion: np.ndarray) -> list[ClassScore]:
    def ratio(count: int, total: int) -> float | None:
        return float(count / total) if total else None

    counts = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return [
        ClassScore(
            n_images=int(n_images),
            precision=ratio(n_correct, n_predicted),
            recall=ratio(n_correct, n_images),
            f1=ratio(2 * n_correct, n_predicted + n_images),
        )
        for n_correct, n_predicted, n_images in zip(*counts, strict=True)
    ]
