"""Accuracy on corrupted test images: measured by `evaluate`, read by `compare` and `plot`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from digits.common.paths import PREDICTIONS
from digits.common.progress import Progress
from digits.data.dataset import Split
from digits.evaluation.corruptions import CORRUPTIONS, SEVERITIES, corrupt, meaning

FILE = PREDICTIONS / "robustness.json"
# Every fifth of MNIST's, 25 times each: one image is 0.05 points, and curves differ by whole points.
IMAGES = 2000

Predictor = Callable[[np.ndarray], np.ndarray]  # images to probabilities
Curves = dict[str, list[float]]  # by corruption: accuracy by severity, from 0


def measure(models: Mapping[str, Predictor], test: Split) -> dict[str, Any]:
    sample = test.take(evenly(len(test)))

    def accuracies(predict: Predictor, *sets: np.ndarray) -> list[float]:
        correct = predict(np.concatenate(sets)).argmax(axis=1).reshape(len(sets), -1) == sample.labels
        return correct.mean(axis=1).tolist()

    with Progress(len(models) * (1 + len(CORRUPTIONS)), "corrupted test images", "prediction") as progress:
        curves: dict[str, Curves] = {}
        for model, predict in models.items():
            [untouched] = accuracies(predict, sample.images)
            curves[model] = {corruption: [untouched] for corruption in CORRUPTIONS}
            progress.advance(note=model)
        for corruption in CORRUPTIONS:
            corrupted = [corrupt(sample.images, corruption, severity) for severity in SEVERITIES]
            for model, predict in models.items():
                curves[model][corruption] += accuracies(predict, *corrupted)
                progress.advance(note=f"{model}, {corruption}")
    severities = {name: [meaning(name, severity) for severity in (0, *SEVERITIES)] for name in CORRUPTIONS}
    return {"images": len(sample), "of": len(test), "severities": severities, "accuracy": curves}


def evenly(count: int) -> np.ndarray:
    """Not the first: MNIST's first 5,000 are the easier half, and images of one's own may lie class by class."""
    chosen = min(count, IMAGES)
    return np.arange(chosen) * count // chosen
