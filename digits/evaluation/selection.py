"""Which of several models is best: validation images decide, for test images choose nothing."""

from digits.common.files import read_json
from digits.common.paths import history_file


def merit(validation_accuracy: float, validation_loss: float) -> tuple[float, float]:
    """The greater, the better; loss decides between equal accuracies."""
    return validation_accuracy, -validation_loss


def worth(model: str) -> tuple[float, float]:
    """What its training noted last."""
    last = read_json(history_file(model))["epochs"][-1]
    return merit(last["validation_accuracy"], last["validation_loss"])
