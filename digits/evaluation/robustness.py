"""How often models are right on test images made harder: asked by `evaluate`, read by whoever shows it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from digits.common.files import read_json
from digits.common.paths import PREDICTIONS, VARIANTS, model_name
from digits.common.progress import Progress
from digits.data.dataset import Split
from digits.evaluation.corruptions import GRADES, KINDS, corrupt, meaning, strength

FILE = PREDICTIONS / "robustness.json"
# Every fifth of MNIST's, 25 times each: one image is 0.05 points, and curves differ by whole points.
IMAGES = 2000

Predictor = Callable[[np.ndarray], np.ndarray]  # images to probabilities
Curves = dict[str, list[float]]  # by kind: accuracy by grade, from 0


@dataclass(frozen=True)
class Robustness:
    images: int
    curves: dict[str, list[Curves]]  # by variant, of each seed


def examine(models: Mapping[str, Predictor], test: Split) -> dict[str, Any]:
    part = test.take(evenly(len(test)))

    def accuracies(ask: Predictor, *sets: np.ndarray) -> list[float]:
        right = ask(np.concatenate(sets)).argmax(axis=1).reshape(len(sets), -1) == part.labels
        return right.mean(axis=1).tolist()

    with Progress(len(models) * (1 + len(KINDS)), "harder test images", "answer") as progress:
        found: dict[str, Curves] = {}
        for name, ask in models.items():
            [untouched] = accuracies(ask, part.images)
            found[name] = {kind: [untouched] for kind in KINDS}
            progress.advance(note=name)
        for kind in KINDS:
            harder = [corrupt(part.images, kind, grade) for grade in GRADES]
            for name, ask in models.items():
                found[name][kind] += accuracies(ask, *harder)
                progress.advance(note=f"{name}, {kind}")
    grades = {kind: [meaning(kind, grade) for grade in (0, *GRADES)] for kind in KINDS}
    return {"images": len(part), "of": len(test), "grades": grades, "accuracy": found}


def evenly(count: int) -> np.ndarray:
    """Not the first: MNIST's first 5,000 are the easier half, and images of one's own may lie class by class."""
    chosen = min(count, IMAGES)
    return np.arange(chosen) * count // chosen


def read(family: str, seeds: Iterable[int]) -> Robustness:
    found, seeds = read_json(FILE), tuple(seeds)
    models = {variant: [model_name(family, variant, seed) for seed in seeds] for variant in VARIANTS}
    curves = {variant: [found["accuracy"][model] for model in group] for variant, group in models.items()}
    return Robustness(found["images"], curves)


def rows(curves: Mapping[str, list[Curves]]) -> list[dict[str, Any]]:
    """Mean, lowest and highest over the seeds, for each kind and grade."""
    return [
        {"variant": variant, "kind": kind, "grade": grade, "strength": strength(kind, grade)}
        | {"mean": fmean(values), "lowest": min(values), "highest": max(values)}
        for variant, of_seeds in curves.items()
        for kind in KINDS
        for grade, values in enumerate(zip(*(of_seed[kind] for of_seed in of_seeds), strict=True))
    ]
