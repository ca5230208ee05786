"""What two sides' models may have answered."""

import numpy as np

from digits.data.corruptions import CORRUPTIONS, SEVERITIES
from digits.evaluation.metrics import Predictions
from digits.review.answers import Answers

IMAGES, CLASSES, HARD = 2000, 4, 200
TRUTH = np.arange(IMAGES) % CLASSES


def model(wrong: int, seed: int, sure: float = 0.95, corrupted: float = 0.1) -> Predictions:
    """One that misses about so many images, is so sure of each, and misses this share of corrupted images."""
    random = np.random.default_rng(seed)
    said = TRUTH.copy()
    said[random.choice(IMAGES, wrong, replace=False)] += 1
    probabilities = np.full((IMAGES, CLASSES), (1 - sure) / (CLASSES - 1), np.float32)
    probabilities[np.arange(IMAGES), said % CLASSES] = sure
    return Predictions(probabilities, TRUTH, random.random((len(CORRUPTIONS), len(SEVERITIES), HARD)) >= corrupted)


def side(
    seeds: tuple[int, ...] = (1, 2, 3), draw: int = 0, sure: float = 0.95, corrupted: float = 0.1, **wrong: int
) -> Answers:
    """Of tuned models; another draw is of other seeds that have the same names."""
    models = {
        (family, "tuned", seed): model(count + seed, 10 * draw + seed, sure, corrupted)
        for family, count in wrong.items()
        for seed in seeds
    }
    return Answers(
        TRUTH, models, {(family, "tuned"): model(0, draw, corrupted=corrupted).corrupted_correct for family in wrong}
    )
