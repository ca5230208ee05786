"""Made-up predictions of two revisions."""

import numpy as np

from digits.data.corruptions import CORRUPTIONS, SEVERITIES
from digits.evaluation.metrics import Predictions
from digits.review.predictions import RevisionPredictions

N_IMAGES, N_CLASSES, N_CORRUPTED = 2000, 4, 200
LABELS = np.arange(N_IMAGES) % N_CLASSES


def make_predictions(n_errors: int, seed: int, confidence: float = 0.95, corrupted_error: float = 0.1) -> Predictions:
    random = np.random.default_rng(seed)
    classes = LABELS.copy()
    classes[random.choice(N_IMAGES, n_errors, replace=False)] += 1
    probabilities = np.full((N_IMAGES, N_CLASSES), (1 - confidence) / (N_CLASSES - 1), np.float32)
    probabilities[np.arange(N_IMAGES), classes % N_CLASSES] = confidence
    corrupted = random.random((len(CORRUPTIONS), len(SEVERITIES), N_CORRUPTED)) >= corrupted_error
    return Predictions(probabilities, LABELS, corrupted)


def make_stored(
    seeds: tuple[int, ...] = (1, 2, 3),
    draw: int = 0,
    confidence: float = 0.95,
    corrupted_error: float = 0.1,
    **n_errors: int,
) -> RevisionPredictions:
    """Return predictions of tuned models, with about `n_errors` errors for each family.

    A different `draw` gives different predictions for the same seeds.
    """
    models = {
        (family, "tuned", seed): make_predictions(n + seed, 10 * draw + seed, confidence, corrupted_error)
        for family, n in n_errors.items()
        for seed in seeds
    }
    ensemble = make_predictions(0, draw, corrupted_error=corrupted_error).corrupted_correct
    return RevisionPredictions(LABELS, models, {(family, "tuned"): ensemble for family in n_errors})
