"""The objective that selects trials and models, computed on validation images. Test images select nothing."""

from collections.abc import Callable, Iterable, Mapping
from math import prod
from statistics import fmean

from digits.core.errors import UserError
from digits.core.files import read_json
from digits.core.paths import history_file

MIN_ERROR = 1e-4  # so that an error of 0 on a few images does not outweigh the other errors


def balanced(accuracy: float, loss: float, corrupted_accuracy: float) -> float:
    """Return 1 minus the geometric mean of three errors: error, loss and error on corrupted images.

    Halving any of the three errors raises the score equally.
    """
    errors = 1 - accuracy, loss, 1 - corrupted_accuracy
    return 1 - prod(max(MIN_ERROR, error) for error in errors) ** (1 / len(errors))


def accuracy_alone(accuracy: float, _loss: float, _corrupted_accuracy: float) -> float:
    return accuracy


# Greater scores are better.
OBJECTIVES: dict[str, Callable[[float, float, float], float]] = {"balanced": balanced, "accuracy": accuracy_alone}


def score(epoch: Mapping[str, float], objective_name: str) -> float:
    """Return the value of the objective after this epoch."""
    if objective_name not in OBJECTIVES:
        raise UserError(f"params.yaml: tune.objective = {objective_name}: must be one of {', '.join(OBJECTIVES)}")
    metrics = (epoch[f"validation_{name}"] for name in ("accuracy", "loss", "corrupted_accuracy"))
    return round(OBJECTIVES[objective_name](*metrics), 6)


def rank(epoch: Mapping[str, float], objective_name: str) -> tuple[float, float]:
    """Return a sort key, greater for a better epoch: by score, and at equal scores by loss."""
    return score(epoch, objective_name), -epoch["validation_loss"]


def best_model(models: Iterable[str], objective_name: str) -> str:
    return max(models, key=lambda model: rank(last_epoch(model), objective_name))


def mean_score(models: Iterable[str], objective_name: str) -> float:
    return round(fmean(score(last_epoch(model), objective_name) for model in models), 6)


def last_epoch(model: str) -> Mapping[str, float]:
    return read_json(history_file(model))["epochs"][-1]
