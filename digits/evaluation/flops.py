"""What training, search and prediction cost in operations, the same on every machine, and which accuracy that buys."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from digits.common.files import read_json
from digits.common.paths import VARIANTS, history_file, model_name, search_file
from digits.evaluation.metrics import accuracy, predictions, true_labels

# A multiply-add is two operations, and the backward pass costs twice as much as the forward pass.
OPERATIONS_PER_MULTIPLY_ADD = 2 * 3


def of_training(multiply_adds: int, images: int, epochs: int) -> int:
    return OPERATIONS_PER_MULTIPLY_ADD * multiply_adds * images * epochs


def of_search(record: Mapping[str, Any]) -> int:
    # A trial whose network could not be built has no multiply-adds.
    return sum(
        of_training(trial["multiply_adds"] or 0, record["images"], len(trial["epochs"])) for trial in record["trials"]
    )


def tera(operations: int) -> float:
    return round(operations / 1e12, 3)


@dataclass(frozen=True)
class CostAccuracy:
    family: str
    variant: str
    models: int  # more than one in an ensemble
    accuracies: tuple[float, ...]  # of each seed's model, or of their ensemble
    multiply_adds: int  # to predict one image
    training: int  # operations
    search: int  # operations; 0 for a baseline

    @property
    def accuracy(self) -> float:
        return fmean(self.accuracies)


def cost_accuracy(families: Iterable[str], seeds: tuple[int, ...]) -> Iterator[CostAccuracy]:
    truth = true_labels()
    for family in families:
        for variant in VARIANTS:
            models = [model_name(family, variant, seed) for seed in seeds]
            probabilities = [predictions(model) for model in models]
            cost = read_json(history_file(models[0]))  # the same for each seed
            search = of_search(read_json(search_file(family))) if variant == "tuned" else 0
            groups = [probabilities]
            if len(seeds) > 1:
                groups.append([np.mean(probabilities, axis=0, dtype=np.float64)])
            for count, group in zip((1, len(seeds)), groups, strict=False):
                accuracies = tuple(accuracy(each, truth) for each in group)
                multiply_adds = count * cost["multiply_adds"]
                training = of_training(multiply_adds, cost["images"], len(cost["epochs"]))
                yield CostAccuracy(family, variant, count, accuracies, multiply_adds, training, search)
