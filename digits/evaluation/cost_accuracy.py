"""How often models are right, against what it cost to train them and what it costs to ask them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from digits.common.files import read_json
from digits.common.paths import VARIANTS, history_file, model_name, search_file
from digits.evaluation import flops, predictions


@dataclass(frozen=True)
class Point:
    family: str
    variant: str
    models: int  # more than one answer together in an ensemble
    accuracies: tuple[float, ...]  # of each seed's model, or the one of their ensemble
    multiply_adds: int  # to answer one image
    training: int  # operations
    search: int  # operations; 0 where none was needed

    @property
    def accuracy(self) -> float:
        return fmean(self.accuracies)


def read(families: Iterable[str], seeds: tuple[int, ...]) -> list[Point]:
    return [point for family in families for variant in VARIANTS for point in points(family, variant, seeds)]


def points(family: str, variant: str, seeds: tuple[int, ...]) -> Iterator[Point]:
    models = [model_name(family, variant, seed) for seed in seeds]
    answers = [predictions.of_model(model) for model in models]
    cost = read_json(history_file(models[0]))  # the same for each seed
    each, images, epochs = cost["multiply_adds"], cost["images"], len(cost["epochs"])
    search = flops.of_search(read_json(search_file(family))) if variant == "tuned" else 0

    def point(accuracies: Iterable[float], count: int) -> Point:
        training = flops.of_training(count * each, images, epochs)
        return Point(family, variant, count, tuple(accuracies), count * each, training, search)

    yield point(map(accuracy, answers), 1)
    if len(seeds) > 1:
        yield point([accuracy(np.mean(answers, axis=0, dtype=np.float64))], len(seeds))


def accuracy(probabilities: np.ndarray) -> float:
    return predictions.score(probabilities, predictions.labels()).accuracy
