"""Which of several models is best: validation images decide, for test images choose nothing."""

from collections.abc import Iterable, Mapping

from digits.common.files import read_json
from digits.common.paths import history_file


def validation_score(epoch: Mapping[str, float]) -> tuple[float, float]:
    """The greater, the better: accuracy first, loss between equals."""
    return epoch["validation_accuracy"], -epoch["validation_loss"]


def best(models: Iterable[str]) -> str:
    return max(models, key=lambda model: validation_score(read_json(history_file(model))["epochs"][-1]))
