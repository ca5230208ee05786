"""What training, search and prediction cost in operations, the same on every machine, and which accuracy that buys."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from digits.core.files import read_json
from digits.core.paths import VARIANTS, history_file, model_name, search_file
from digits.evaluation.metrics import accuracy, load_labels, load_probabilities

# A multiply-add is two operations, and the backward pass costs twice as much as the forward pass.
OPERATIONS_PER_MULTIPLY_ADD = 2 * 3


def training_operations(multiply_adds: int, images: int, epochs: int) -> int:
    return OPERATIONS_PER_MULTIPLY_ADD * multiply_adds * images * epochs


def search_operations(record: Mapping[str, Any]) -> int:
    # A trial whose network could not be built has no multiply-adds.
    return sum(
        training_operations(trial["multiply_adds"] or 0, record["images"], len(trial["epochs"]))
        for search in record["searches"]
        for trial in search["trials"]
    )


def tera(operations: int) -> float:
    return round(operations / 1e12, 3)


@dataclass(frozen=True)
class CostAccuracy:
    family: str
    variant: str
    models: int  # more than one in an ensemble
    accuracies: tuple[float, ...]  # of each seed's model, or of their ensemble
    multiply_adds: float  # to predict one image: the mean over the seeds, or of their ensemble
    training: float  # operations, likewise
    search: float  # operations, likewise; 0 for a baseline

    @property
    def accuracy(self) -> float:
        return fmean(self.accuracies)


def cost_accuracy(families: Iterable[str], seeds: tuple[int, ...]) -> Iterator[CostAccuracy]:
    labels = load_labels()
    for family in families:
        for variant in VARIANTS:
            models = [model_name(family, variant, seed) for seed in seeds]
            probabilities = [load_probabilities(model) for model in models]
            costs = [read_json(history_file(model)) for model in models]
            multiply_adds = sum(cost["multiply_adds"] for cost in costs)
            training = sum(
                training_operations(cost["multiply_adds"], cost["images"], len(cost["epochs"])) for cost in costs
            )
            record = read_json(search_file(family)) if variant == "tuned" else {"searches": []}
            search, searches = search_operations(record), max(1, len(record["searches"]))
            alone = tuple(accuracy(each, labels) for each in probabilities)
            count = len(seeds)
            means = multiply_adds / count, training / count, search / searches
            yield CostAccuracy(family, variant, 1, alone, *means)
            if count > 1:
                together = accuracy(np.mean(probabilities, axis=0, dtype=np.float64), labels)
                yield CostAccuracy(family, variant, count, (together,), multiply_adds, training, search)
