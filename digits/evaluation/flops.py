"""The cost of training, search and prediction in operations, which are the same on every machine."""

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


def training_operations(multiply_adds: int, n_images: int, n_epochs: int) -> int:
    return OPERATIONS_PER_MULTIPLY_ADD * multiply_adds * n_images * n_epochs


def search_operations(record: Mapping[str, Any]) -> int:
    # A trial whose network could not be built has no multiply-adds.
    return sum(
        training_operations(trial["multiply_adds"] or 0, record["images"], len(trial["epochs"]))
        for search in record["searches"]
        for trial in search["trials"]
    )


def to_tflop(operations: int) -> float:
    return round(operations / 1e12, 3)


@dataclass(frozen=True)
class CostAccuracy:
    """The costs of one model (means over the seeds), or of an ensemble (sums), with the accuracy."""

    family: str
    variant: str
    n_models: int  # more than one in an ensemble
    accuracies: tuple[float, ...]  # one per seed; one for an ensemble
    multiply_adds: float  # per predicted image
    training_operations: float
    search_operations: float  # 0 for a baseline

    @property
    def accuracy(self) -> float:
        return fmean(self.accuracies)


def cost_accuracy(families: Iterable[str], seeds: tuple[int, ...]) -> Iterator[CostAccuracy]:
    labels = load_labels()
    for family in families:
        for variant in VARIANTS:
            models = [model_name(family, variant, seed) for seed in seeds]
            probabilities = [load_probabilities(model) for model in models]
            histories = [read_json(history_file(model)) for model in models]
            multiply_adds = sum(history["multiply_adds"] for history in histories)
            training = sum(
                training_operations(history["multiply_adds"], history["images"], len(history["epochs"]))
                for history in histories
            )
            search, n_searches = 0, 1
            if variant == "tuned":
                record = read_json(search_file(family))
                search, n_searches = search_operations(record), len(record["searches"])
            accuracies = tuple(accuracy(model_probabilities, labels) for model_probabilities in probabilities)
            n_models = len(seeds)
            means = multiply_adds / n_models, training / n_models, search / n_searches
            yield CostAccuracy(family, variant, 1, accuracies, *means)
            if n_models > 1:
                ensemble_accuracy = accuracy(np.mean(probabilities, axis=0, dtype=np.float64), labels)
                yield CostAccuracy(family, variant, n_models, (ensemble_accuracy,), multiply_adds, training, search)
