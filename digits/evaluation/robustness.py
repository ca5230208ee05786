"""Which corrupted test images a model gets right: measured by `evaluate`, read by whatever reports on models."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from digits.core.files import read_array, write_array
from digits.core.paths import PREDICTIONS
from digits.core.progress import Progress
from digits.data.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from digits.data.dataset import Split

FOLDER = PREDICTIONS / "corrupted"
IMAGES = 1000  # every tenth of MNIST's, 64 times each

PredictFunction = Callable[[np.ndarray], np.ndarray]  # images to probabilities


def measure(models: Mapping[str, PredictFunction], groups: Mapping[str, Sequence[str]], test: Split) -> None:
    """Of each model, and of each group of models by the mean of their probabilities."""
    chosen = test.take(sample_indices(len(test)))
    right: dict[str, list[np.ndarray]] = {name: [] for name in (*models, *groups)}
    with Progress(len(models) * len(CORRUPTIONS), "corrupted test images", "prediction") as progress:
        for kind in CORRUPTIONS:
            images = np.concatenate([corrupt(chosen.images, kind, severity) for severity in SEVERITIES])
            said = {}
            for name, predict in models.items():
                said[name] = predict(images)
                progress.advance(note=f"{name}, {kind}")
            for group, names in groups.items():
                said[group] = np.mean([said[name] for name in names], axis=0, dtype=np.float64)
            for name, probabilities in said.items():
                right[name].append(probabilities.argmax(axis=1).reshape(len(SEVERITIES), -1) == chosen.labels)
    for name, kinds in right.items():
        write_array(FOLDER / f"{name}.npy", np.stack(kinds))


def load_correct(name: str) -> np.ndarray:
    """Kinds × severities × images of the sample. Severity 0 is among the predictions of all test images."""
    return read_array(FOLDER / f"{name}.npy")


def sample_indices(count: int) -> np.ndarray:
    """Not the first: MNIST's first 5,000 are the easier half, and images of one's own may lie class by class."""
    chosen = min(count, IMAGES)
    return np.arange(chosen) * count // chosen
