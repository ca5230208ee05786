"""Correctness of models on corrupted test images: written by `evaluate`, read by the reports."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from digits.core.files import read_array, write_array
from digits.core.paths import PREDICTIONS
from digits.core.progress import ProgressBar
from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.data.dataset import Split

FOLDER = PREDICTIONS / "corrupted"
MAX_IMAGES = 1000  # a tenth of MNIST's test images; each is corrupted 64 times

PredictFunction = Callable[[np.ndarray], np.ndarray]  # images to probabilities


def write_corrupted_correctness(
    models: Mapping[str, PredictFunction], ensembles: Mapping[str, Sequence[str]], test: Split
) -> None:
    """Write which corrupted images each model and each ensemble predicts correctly.

    An ensemble predicts the mean of its models' probabilities.
    """
    sample = test.take(sample_indices(len(test)))
    correct: dict[str, list[np.ndarray]] = {name: [] for name in (*models, *ensembles)}
    with ProgressBar(len(models) * len(CORRUPTIONS), "corrupted test images", "prediction") as progress:
        for corruption in CORRUPTIONS:
            images = np.concatenate([corrupt(sample.images, corruption, severity) for severity in SEVERITIES])
            probabilities = {}
            for model, predict in models.items():
                probabilities[model] = predict(images)
                progress.advance(note=f"{model}, {corruption}")
            for ensemble, members in ensembles.items():
                probabilities[ensemble] = np.mean(
                    [probabilities[member] for member in members], axis=0, dtype=np.float64
                )
            for name, values in probabilities.items():
                correct[name].append(values.argmax(axis=1).reshape(len(SEVERITIES), -1) == sample.labels)
    for name, by_corruption in correct.items():
        write_array(FOLDER / f"{name}.npy", np.stack(by_corruption))


def load_corrupted_correctness(name: str) -> np.ndarray:
    """Load correct or not: corruptions × severities × sampled images.

    Severity 0 (uncorrupted) follows from the stored probabilities.
    """
    return read_array(FOLDER / f"{name}.npy")


def sample_indices(n_images: int) -> np.ndarray:
    """Return evenly spaced indices: MNIST's first 5,000 test images are easier, own images may be sorted by class."""
    n_samples = min(n_images, MAX_IMAGES)
    return np.arange(n_samples) * n_images // n_samples
