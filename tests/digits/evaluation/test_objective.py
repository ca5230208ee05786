import pytest

from digits.core.files import write_json
from digits.core.paths import history_file
from digits.evaluation.objective import OBJECTIVES, best_model


def epoch(accuracy: float, loss: float, corrupted: float) -> dict[str, float]:
    return {"validation_accuracy": accuracy, "validation_loss": loss, "validation_corrupted_accuracy": corrupted}


@pytest.mark.parametrize(
    ("objective", "first", "second", "winner"),
    [
        ("accuracy", (0.97, 0.1, 0.9), (0.98, 0.2, 0.5), 2),
        ("accuracy", (0.98, 0.1, 0.9), (0.98, 0.2, 0.9), 1),
        ("accuracy", (0.98, 0.1, 0.9), (0.98, 0.1, 0.9), 1),
        ("balanced", (0.97, 0.1, 0.9), (0.98, 0.2, 0.8), 1),
        ("balanced", (0.97, 0.1, 0.9), (0.98, 0.1, 0.9), 2),
        ("balanced", (0.98, 0.2, 0.9), (0.98, 0.1, 0.9), 2),
        ("balanced", (0.98, 0.1, 0.8), (0.98, 0.1, 0.9), 2),
    ],
)
def test_the_last_epochs_validation_images_decide(project, objective, first, second, winner):
    for seed, last in ((1, first), (2, second)):
        write_json(history_file(f"cnn-tuned-{seed}"), {"epochs": [epoch(1, 0, 1), epoch(*last)]})
    assert best_model(["cnn-tuned-1", "cnn-tuned-2"], objective) == f"cnn-tuned-{winner}"


def test_to_halve_error_loss_or_error_on_corrupted_images_is_worth_the_same():
    balanced = OBJECTIVES["balanced"]
    gains = [balanced(0.98, 0.1, 0.9), balanced(0.96, 0.05, 0.9), balanced(0.96, 0.1, 0.95)]
    assert gains == pytest.approx([gains[0]] * 3)
    assert gains[0] > balanced(0.96, 0.1, 0.9)


def test_to_be_perfect_in_one_thing_does_not_hide_the_others():
    balanced = OBJECTIVES["balanced"]
    assert balanced(1.0, 0.1, 0.9) < balanced(1.0, 0.05, 0.9) < balanced(1.0, 0.05, 0.95) < 1
