"""What every model says of the test images: class probabilities, written once and read without TensorFlow."""

from dataclasses import dataclass

import numpy as np

from digits.common.files import read_array
from digits.common.paths import PREDICTIONS

# Keeps the loss of a model that gives a class no chance at all finite.
LEAST = 1e-7


@dataclass(frozen=True)
class Score:
    accuracy: float
    loss: float


def labels() -> np.ndarray:
    return read_array(PREDICTIONS / "labels.npy")


def of_model(name: str) -> np.ndarray:
    return read_array(PREDICTIONS / f"{name}.npy")


def score(probabilities: np.ndarray, truth: np.ndarray) -> Score:
    chance = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return Score(
        accuracy=float((probabilities.argmax(axis=1) == truth).mean()),
        loss=float(-np.log(np.clip(chance, LEAST, 1)).mean()),
    )
