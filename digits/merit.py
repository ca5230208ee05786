"""Which of several models is best: validation images decide, for test images choose nothing."""


def merit(validation_accuracy: float, validation_loss: float) -> tuple[float, float]:
    """The greater, the better; loss decides between equal accuracies."""
    return validation_accuracy, -validation_loss
