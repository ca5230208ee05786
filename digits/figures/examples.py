"""Which images are shown to people."""

import numpy as np

from digits.common.paths import VARIANTS


def mistaken(labels: np.ndarray, means: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Indices of the images that baseline, tuned or both get wrong, the surest wrong answer first."""
    baseline, tuned = (means[variant].argmax(axis=1) != labels for variant in VARIANTS)
    sure = np.maximum(*(means[v].max(axis=1) * wrong for v, wrong in zip(VARIANTS, (baseline, tuned), strict=True)))
    groups = {
        "Baseline wrong, tuned right": baseline & ~tuned,
        "Tuned wrong, baseline right": tuned & ~baseline,
        "Both wrong": baseline & tuned,
    }
    order = np.argsort(-sure, kind="stable")
    return {who: order[group[order]] for who, group in groups.items()}


def class_by_class(labels: np.ndarray, most: int) -> np.ndarray:
    """Indices of the first image of every class, then of the second of every class, and so on."""
    by_class = np.argsort(labels, kind="stable")
    ordered = np.asarray(labels)[by_class]
    nth_of_its_class = np.arange(len(labels)) - np.searchsorted(ordered, ordered)
    return by_class[np.lexsort((ordered, nth_of_its_class))][:most]
