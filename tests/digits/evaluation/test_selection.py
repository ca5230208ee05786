import pytest

from digits.common.files import write_json
from digits.common.paths import history_file
from digits.evaluation.selection import best


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        ((0.97, 0.1), (0.98, 0.2), "cnn-tuned-2"),
        ((0.98, 0.1), (0.98, 0.2), "cnn-tuned-1"),
        ((0.98, 0.2), (0.98, 0.1), "cnn-tuned-2"),
        ((0.98, 0.1), (0.98, 0.1), "cnn-tuned-1"),
    ],
    ids=["accuracy", "loss between equals", "loss between equals, the other way", "the first of equals"],
)
def test_the_last_epochs_validation_images_decide(project, first, second, winner):
    models = {"cnn-tuned-1": first, "cnn-tuned-2": second}
    for name, last in models.items():
        epochs = [{"validation_accuracy": accuracy, "validation_loss": loss} for accuracy, loss in ((1, 0), last)]
        write_json(history_file(name), {"epochs": epochs})
    assert best(models) == winner
