import pytest

from digits.core.files import write_json
from digits.core.paths import history_file
from digits.evaluation.objective import OBJECTIVES, best_model


def epoch(accuracy: float, loss: float, corrupted_accuracy: float) -> dict[str, float]:
    return {
        "validation_accuracy": accuracy,
        "validation_loss": loss,
        "validation_corrupted_accuracy": corrupted_accuracy,
    }


@pytest.mark.parametrize(
    ("objective", "first", "second", "best_seed"),
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
def test_the_best_model_is_selected_by_its_last_epoch(project, objective, first, second, best_seed):
    for seed, last in ((1, first), (2, second)):
        write_json(history_file(f"cnn-tuned-{seed}"), {"epochs": [epoch(1, 0, 1), epoch(*last)]})
    assert best_model(["cnn-tuned-1", "cnn-tuned-2"], objective) == f"cnn-tuned-{best_seed}"


def test_halving_any_error_changes_the_balanced_objective_equally():
    balanced = OBJECTIVES["balanced"]
    scores = [balanced(0.98, 0.1, 0.9), balanced(0.96, 0.05, 0.9), balanced(0.96, 0.1, 0.95)]
    assert scores == pytest.approx([scores[0]] * 3)
    assert scores[0] > balanced(0.96, 0.1, 0.9)


def test_an_error_of_0_does_not_hide_the_other_errors():
    balanced = OBJECTIVES["balanced"]
    assert balanced(1.0, 0.1, 0.9) < balanced(1.0, 0.05, 0.9) < balanced(1.0, 0.05, 0.95) < 1
