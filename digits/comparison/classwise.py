"""Precision, recall and F1 of every class, from a confusion matrix: a row per true class, a column per answer."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassScore:
    """None where it is undefined: the precision of a class never answered, the recall of one without images."""

    images: int
    precision: float | None
    recall: float | None
    f1: float | None


def scores(counts: np.ndarray) -> list[ClassScore]:
    answered, present, right = counts.sum(axis=0), counts.sum(axis=1), counts.diagonal()
    return [
        ClassScore(
            images=int(images),
            precision=share(hits, answers),
            recall=share(hits, images),
            f1=share(2 * hits, answers + images),
        )
        for hits, answers, images in zip(right, answered, present, strict=True)
    ]


def share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
