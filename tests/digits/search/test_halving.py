"""Who goes on and who wins, with made-up curves in place of trainings."""

from collections.abc import Callable

import pytest

from digits.common.errors import UserError
from digits.families.mlp import Hyperparameters as Mlp
from digits.params.load import check
from digits.params.schema import Search
from digits.search.halving import Trial, length, search
from digits.training.jobs import TrainingRun
from tests.recipes import config


def plan(*rungs: int, keep: float = 0.34, trials: int = 9) -> Search[Mlp]:
    return check(Search[Mlp], {"trials": trials, "rungs": list(rungs), "keep": keep, "space": {"units": [64, 128]}})


def field(count: int, objective: str = "accuracy") -> list[Trial]:
    return [Trial(number, TrainingRun(f"trial-{number}", config()), objective) for number in range(count)]


class Training:
    """Gives each trial, after each epoch, what a table or a function says; None is a failure."""

    def __init__(
        self,
        accuracy: Callable[[int, int], float | None],
        loss: Callable[[int], float] = float,
        hard: Callable[[int], float] = lambda _: 0.5,
    ) -> None:
        self.accuracy, self.loss, self.hard, self.epochs = accuracy, loss, hard, 0
        self.fields: list[list[int]] = []

    def __call__(self, trials: list[Trial], until: int) -> None:
        self.fields.append([trial.number for trial in trials])
        for trial in trials:
            for epoch in range(len(trial.run.epochs) + 1, until + 1):
                reached = self.accuracy(trial.number, epoch)
                if reached is None:
                    trial.run.failure = "out of memory"
                    break
                self.epochs += 1
                loss, hard = self.loss(trial.number), self.hard(trial.number)
                reached = {"accuracy": reached, "loss": loss, "hard_accuracy": hard}
                reached = {f"validation_{name}": value for name, value in reached.items()}
                trial.run.epochs.append({"epoch": epoch} | reached)


def test_the_best_third_goes_on_at_each_rung_and_nothing_is_trained_twice() -> None:
    training = Training(lambda trial, epoch: 0.5 + trial / 100 + epoch / 1000)
    found = search(plan(1, 3, 9), field(9), training)
    assert training.fields == [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 6, 7, 8], [0, 8]]
    assert training.epochs == length(plan(1, 3, 9)) == 9 * 1 + 4 * 2 + 2 * 6
    assert found["best_trial"] == 8


def test_the_baselines_recipe_is_trained_to_the_end_whatever_it_does() -> None:
    training = Training(lambda trial, _: 0.9 if trial else 0.1)
    found = search(plan(1, 3), field(9), training)
    assert 0 in training.fields[1]
    assert found["trials"][0]["status"] == "completed"


def test_the_best_at_the_end_wins_and_not_the_best_on_the_way() -> None:
    training = Training(lambda trial, epoch: 0.9 - trial / 100 if epoch == 1 else 0.5 + trial / 100)
    assert search(plan(1, 2, keep=0.5), field(4), training)["best_trial"] == 1


def test_equal_accuracy_is_decided_by_loss_and_then_by_age() -> None:
    losses = [0.3, 0.2, 0.2, 0.4]
    assert search(plan(1), field(4), Training(lambda *_: 0.9, losses.__getitem__))["best_trial"] == 1


def test_a_trial_that_was_stopped_early_says_how_far_behind_it_was() -> None:
    found = search(plan(1, 3), field(6), Training(lambda trial, _: 0.9 - trial / 100))
    assert found["trials"][5]["status"] == "pruned"
    assert found["trials"][5]["reason"] == "it was number 6 of 6 after epoch 1"
    assert found["trials"][5]["validation_accuracy"] == 0.85


def test_a_search_that_knows_later_epochs_already_decides_by_those_that_count() -> None:
    """As after a kill: trial 1 went on and is known to have become the worst."""

    def reached(trial: int, epoch: int) -> float:
        return 0.1 if (trial, epoch) == (1, 3) else 0.5 + 0.01 * (trial == 1)

    undisturbed = search(plan(1, 3), field(3), Training(reached))
    resumed = field(3)
    Training(reached)(resumed[:2], 3)
    assert search(plan(1, 3), resumed, Training(reached)) == undisturbed


def test_failed_trials_are_recorded_and_never_win() -> None:
    found = search(plan(1), field(4), Training(lambda trial, _: None if trial else 0.2))
    assert [trial["status"] for trial in found["trials"]] == ["completed", "failed", "failed", "failed"]
    assert found["trials"][1]["reason"] == "out of memory"
    assert found["best_trial"] == 0


def test_a_search_whose_trials_all_fail_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="no trial came to its end; trial 0 failed because: out of memory"):
        search(plan(1, 3), field(3), Training(lambda *_: None))


@pytest.mark.parametrize(("objective", "winner"), [("accuracy", 1), ("balanced", 0)])
def test_the_objective_says_whether_accuracy_may_be_bought_with_hard_images(objective: str, winner: int) -> None:
    training = Training(lambda trial, _: 0.99 + 0.001 * trial, lambda _: 0.03, lambda trial: 0.95 - 0.2 * trial)
    found = search(plan(1), field(2, objective), training)
    assert found["best_trial"] == winner
    assert found["trials"][winner]["objective"] == max(trial["objective"] for trial in found["trials"])
