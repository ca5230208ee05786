"""Who goes on and who wins, with made-up curves in place of trainings."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies

from digits.config.load import check
from digits.config.schema import Search
from digits.core.errors import UserError
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.methods import Halving, length
from digits.search.trials import Trial, conclude
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
        corrupted: Callable[[int], float] = lambda _: 0.5,
    ) -> None:
        self.accuracy, self.loss, self.corrupted, self.epochs = accuracy, loss, corrupted, 0
        self.fields: list[list[int]] = []

    def __call__(self, trials: list[Trial]) -> None:
        self.fields.append(sorted(trial.number for trial in trials))
        for trial in trials:
            self.train(trial.run, trial.run.goal, trial.number)
            trial.arrive()

    def train(self, run: TrainingRun, until: int, number: int) -> None:
        for epoch in range(len(run.epochs) + 1, until + 1):
            reached = self.accuracy(number, epoch)
            if reached is None:
                run.failure = "out of memory"
                break
            self.epochs += 1
            measured = {"accuracy": reached, "loss": self.loss(number), "corrupted_accuracy": self.corrupted(number)}
            measured = {f"validation_{name}": value for name, value in measured.items()}
            run.epochs.append({"epoch": epoch} | measured)


def search(plan: Search, trials: list[Trial], training: Training) -> dict[str, Any]:
    """All that can be trained are, before the next are asked for."""
    method = Halving(plan, trials)
    while sent := method.next():
        training(sent)
    return conclude(trials, plan.rungs[-1])


def test_the_best_third_goes_on_at_each_rung_and_nothing_is_trained_twice() -> None:
    training = Training(lambda trial, epoch: 0.5 + trial / 100 + epoch / 1000)
    found = search(plan(1, 3, 9), field(9), training)
    assert training.fields == [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 6, 7, 8], [0, 8]]
    assert training.epochs == length(plan(1, 3, 9), "halving") == 9 * 1 + 4 * 2 + 2 * 6
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
    for trial in resumed[:2]:
        Training(reached).train(trial.run, 3, trial.number)
    assert search(plan(1, 3), resumed, Training(reached)) == undisturbed


@given(data=strategies.data())
def test_whoever_is_trained_first_the_same_go_on_to_the_same_end(data: strategies.DataObject) -> None:
    """Among them some that fail, and some that are better early than late."""
    count = data.draw(strategies.integers(1, 12))
    share = data.draw(strategies.sampled_from([0.1, 0.3, 0.5, 1.0]))
    curves = strategies.lists(strategies.sampled_from([0.1, 0.2, 0.3, None]), min_size=5, max_size=5)
    curve = [data.draw(curves) for _ in range(count)]
    reached = lambda number, epoch: curve[number][epoch - 1]  # noqa: E731
    expected = outcome(lambda: search(plan(1, 2, 5, keep=share), field(count), Training(reached)))
    trials = field(count)
    method, training = Halving(plan(1, 2, 5, keep=share), trials), Training(reached)
    waiting = method.next()
    while waiting:
        training([waiting.pop(data.draw(strategies.integers(0, len(waiting) - 1)))])
        waiting += method.next()
    assert outcome(lambda: conclude(trials, 5)) == expected


def outcome(of: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    try:
        return of()
    except UserError as error:
        return str(error)


def test_who_is_sure_to_go_on_does_not_wait_for_the_last_of_its_rung() -> None:
    trials, training = field(9), Training(lambda trial, _: 0.9 - trial / 100)
    method = Halving(plan(1, 3), trials)  # 4 of 9 go on
    first = method.next()
    training(first[:6])
    assert [trial.number for trial in method.next()] == [0]  # the other three may all be better than trial 1
    training(first[6:8])
    assert [trial.number for trial in method.next()] == [1, 2]
    training(first[8:])
    assert [trial.number for trial in method.next()] == [3]


def test_failed_trials_are_recorded_and_never_win() -> None:
    found = search(plan(1), field(4), Training(lambda trial, _: None if trial else 0.2))
    assert [trial["status"] for trial in found["trials"]] == ["completed", "failed", "failed", "failed"]
    assert found["trials"][1]["reason"] == "out of memory"
    assert found["best_trial"] == 0


def test_a_search_whose_trials_all_fail_is_one_clear_line() -> None:
    with pytest.raises(UserError, match="no trial finished; trial 0 failed because: out of memory"):
        search(plan(1, 3), field(3), Training(lambda *_: None))


@pytest.mark.parametrize(("objective", "winner"), [("accuracy", 1), ("balanced", 0)])
def test_the_objective_says_whether_accuracy_may_be_bought_with_corrupted_images(objective: str, winner: int) -> None:
    training = Training(lambda trial, _: 0.99 + 0.001 * trial, lambda _: 0.03, lambda trial: 0.95 - 0.2 * trial)
    found = search(plan(1), field(2, objective), training)
    assert found["best_trial"] == winner
    assert found["trials"][winner]["objective"] == max(trial["objective"] for trial in found["trials"])
