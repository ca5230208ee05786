"""What better means wherever one of several models is chosen: by validation images, for test images choose nothing."""

from collections.abc import Callable, Iterable, Mapping
from math import prod
from statistics import fmean

from digits.core.errors import UserError
from digits.core.files import read_json
from digits.core.paths import history_file

SMALLEST = 1e-4  # what is perfect on few images does not outweigh the rest


def balanced(accuracy: float, loss: float, corrupted_accuracy: float) -> float:
    """1 less the geometric mean of error, loss and error on corrupted images: to halve one is worth as much as another."""
    wrong = 1 - accuracy, loss, 1 - corrupted_accuracy
    return 1 - prod(max(SMALLEST, each) for each in wrong) ** (1 / len(wrong))


def accuracy_alone(accuracy: float, _loss: float, _corrupted_accuracy: float) -> float:
    return accuracy


# The greater, the better.
OBJECTIVES: dict[str, Callable[[float, float, float], float]] = {"balanced": balanced, "accuracy": accuracy_alone}


def score(epoch: Mapping[str, float], objective: str) -> float:
    if objective not in OBJECTIVES:
        raise UserError(f"params.yaml: tune.objective = {objective}: must be one of {', '.join(OBJECTIVES)}")
    measured = (epoch[f"validation_{name}"] for name in ("accuracy", "loss", "corrupted_accuracy"))
    return round(OBJECTIVES[objective](*measured), 6)


def rank(epoch: Mapping[str, float], objective: str) -> tuple[float, float]:
    """Loss decides between equals."""
    return score(epoch, objective), -epoch["validation_loss"]


def best_model(models: Iterable[str], objective: str) -> str:
    return max(models, key=lambda model: rank(last_epoch(model), objective))


def mean_score(models: Iterable[str], objective: str) -> float:
    return round(fmean(score(last_epoch(model), objective) for model in models), 6)


def last_epoch(model: str) -> Mapping[str, float]:
    return read_json(history_file(model))["epochs"][-1]
