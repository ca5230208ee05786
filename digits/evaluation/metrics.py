"""What is measured of a model on the test images: each metric is a mean over images, so that each has an interval."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from digits.core.files import read_array
from digits.core.paths import PREDICTIONS
from digits.data.corruptions import CORRUPTIONS, SEEN, UNSEEN
from digits.evaluation import calibration, robustness

# Keeps the loss of a model finite that gives the right class no chance at all.
SMALLEST_PROBABILITY = 1e-7
OF_ENSEMBLE = "-ensemble"


@dataclass(frozen=True)
class Output:
    """Of a model, or of an ensemble."""

    probabilities: np.ndarray  # test images × classes
    truth: np.ndarray
    corrupted: np.ndarray | None = None  # right or not: kinds × severities × sample of the images; None: not measured


@dataclass(frozen=True)
class Metric:
    """What the comparison reports of every model: in its tables, in metrics.json and in MLflow."""

    name: str
    heading: str
    of_images: Callable[[Output], np.ndarray]
    digits: int
    percent: bool = False
    smaller_is_better: bool = False
    needs_corrupted: bool = False

    def of(self, output: Output) -> float:
        return float(self.of_images(output).mean(dtype=np.float64))

    def of_models(self, outputs: Sequence[Output]) -> np.ndarray:
        """Models × images."""
        return np.stack([self.of_images(each) for each in outputs])

    def available_for(self, outputs: Iterable[Output]) -> bool:
        return not self.needs_corrupted or all(each.corrupted is not None for each in outputs)


def true_labels() -> np.ndarray:
    return read_array(PREDICTIONS / "labels.npy")


def predictions(model: str) -> np.ndarray:
    return read_array(PREDICTIONS / f"{model}.npy")


def ensemble_name(family: str, variant: str) -> str:
    return f"{family}-{variant}{OF_ENSEMBLE}"


def output(name: str) -> Output:
    """Of a model, or of the ensemble of a family's variant, as `evaluate` stored it."""
    corrupted = robustness.correct(name)
    if not name.endswith(OF_ENSEMBLE):
        return Output(predictions(name), true_labels(), corrupted)
    models = sorted(file.stem for file in PREDICTIONS.glob(f"{name.removesuffix(OF_ENSEMBLE)}-*.npy"))
    return ensemble([Output(predictions(model), true_labels()) for model in models], corrupted)


def ensemble(models: Sequence[Output], corrupted: np.ndarray | None = None) -> Output:
    """The mean of its models' probabilities: costs as many predictions as there are models, and no more training."""
    probabilities = np.mean([each.probabilities for each in models], axis=0, dtype=np.float64)
    return Output(probabilities, models[0].truth, corrupted)


def correct(output: Output) -> np.ndarray:
    return output.probabilities.argmax(axis=1) == output.truth


def accuracy(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return float(correct(Output(probabilities, truth)).mean())


def losses(output: Output) -> np.ndarray:
    of_truth = output.probabilities[np.arange(len(output.truth)), output.truth].astype(np.float64)
    return -np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1))


def calibration_gaps(output: Output) -> np.ndarray:
    return calibration.gaps(calibration.confidences(output.probabilities), correct(output))


def right_where(kinds: Sequence[str]) -> Callable[[Output], np.ndarray]:
    """The share of an image's corrupted versions of these kinds that is read rightly."""
    return lambda output: output.corrupted[[name in kinds for name in CORRUPTIONS]].mean(axis=(0, 1))


METRICS = (
    Metric("test_accuracy", "Test accuracy", correct, digits=2, percent=True),
    Metric("test_loss", "Loss", losses, digits=4, smaller_is_better=True),
    Metric("calibration_error", "Calibration error", calibration_gaps, 1, percent=True, smaller_is_better=True),
    Metric("seen_accuracy", "Seen hard images", right_where(SEEN), 1, percent=True, needs_corrupted=True),
    Metric("unseen_accuracy", "Unseen hard images", right_where(UNSEEN), 1, percent=True, needs_corrupted=True),
)


def measure(output: Output) -> dict[str, float]:
    return {metric.name: metric.of(output) for metric in METRICS if metric.available_for([output])}


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
