"""Promotions and winners, with invented learning curves instead of trainings."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies

from digits.config.load import validate
from digits.config.schema import Search
from digits.core.errors import UserError
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.methods import Halving, total_epochs
from digits.search.trials import Trial, conclude
from digits.training.jobs import TrainingRun
from tests.recipes import config


def plan(*rungs: int, keep: float = 0.34, trials: int = 9) -> Search[Mlp]:
    return validate(Search[Mlp], {"trials": trials, "rungs": list(rungs), "keep": keep, "space": {"units": [64, 128]}})


def create_trials(n_trials: int, objective: str = "accuracy") -> list[Trial]:
    return [Trial(number, TrainingRun(f"trial-{number}", config()), objective) for number in range(n_trials)]


class Trainer:
    """Takes each trial's validation metrics from functions. An accuracy of None is a failure."""

    def __init__(
        self,
        accuracy: Callable[[int, int], float | None],
        loss: Callable[[int], float] = float,
        corrupted: Callable[[int], float] = lambda _: 0.5,
    ) -> None:
        self.accuracy, self.loss, self.corrupted, self.n_epochs = accuracy, loss, corrupted, 0
        self.calls: list[list[int]] = []

    def __call__(self, trials: list[Trial]) -> None:
        self.calls.append(sorted(trial.number for trial in trials))
        for trial in trials:
            self.train(trial.run, trial.run.target_epoch, trial.number)
            trial.accept_epochs()

    def train(self, run: TrainingRun, target: int, number: int) -> None:
        for epoch in range(len(run.epochs) + 1, target + 1):
            accuracy = self.accuracy(number, epoch)
            if accuracy is None:
                run.failure = "out of memory"
                break
            self.n_epochs += 1
            metrics = {"accuracy": accuracy, "loss": self.loss(number), "corrupted_accuracy": self.corrupted(number)}
            run.epochs.append({"epoch": epoch} | {f"validation_{name}": value for name, value in metrics.items()})


def search(plan: Search, trials: list[Trial], train: Trainer) -> dict[str, Any]:
    """Train all next trials before asking for more."""
    method = Halving(plan, trials)
    while next_trials := method.next_trials():
        train(next_trials)
    return conclude(trials, plan.rungs[-1])


def test_the_best_third_is_promoted_and_no_epoch_is_repeated() -> None:
    train = Trainer(lambda trial, epoch: 0.5 + trial / 100 + epoch / 1000)
    result = search(plan(1, 3, 9), create_trials(9), train)
    assert train.calls == [[0, 1, 2, 3, 4, 5, 6, 7, 8], [0, 6, 7, 8], [0, 8]]
    assert train.n_epochs == total_epochs(plan(1, 3, 9), "halving") == 9 * 1 + 4 * 2 + 2 * 6
    assert result["best_trial"] == 8


def test_the_baselines_recipe_is_always_promoted() -> None:
    train = Trainer(lambda trial, _: 0.9 if trial else 0.1)
    result = search(plan(1, 3), create_trials(9), train)
    assert 0 in train.calls[1]
    assert result["trials"][0]["status"] == "completed"


def test_the_best_trial_is_the_best_after_the_last_rung() -> None:
    train = Trainer(lambda trial, epoch: 0.9 - trial / 100 if epoch == 1 else 0.5 + trial / 100)
    assert search(plan(1, 2, keep=0.5), create_trials(4), train)["best_trial"] == 1


def test_ties_are_broken_by_loss_and_then_by_number() -> None:
    losses = [0.3, 0.2, 0.2, 0.4]
    assert search(plan(1), create_trials(4), Trainer(lambda *_: 0.9, losses.__getitem__))["best_trial"] == 1


def test_a_pruned_trial_records_its_rank() -> None:
    result = search(plan(1, 3), create_trials(6), Trainer(lambda trial, _: 0.9 - trial / 100))
    assert result["trials"][5]["status"] == "pruned"
    assert result["trials"][5]["reason"] == "it was number 6 of 6 after epoch 1"
    assert result["trials"][5]["validation_accuracy"] == 0.85


def test_a_resumed_search_ignores_epochs_after_the_current_rung() -> None:
    """Before the search was killed, trial 1 was promoted and became the worst."""

    def accuracy(trial: int, epoch: int) -> float:
        return 0.1 if (trial, epoch) == (1, 3) else 0.5 + 0.01 * (trial == 1)

    uninterrupted = search(plan(1, 3), create_trials(3), Trainer(accuracy))
    trials = create_trials(3)
    for trial in trials[:2]:
        Trainer(accuracy).train(trial.run, 3, trial.number)
    assert search(plan(1, 3), trials, Trainer(accuracy)) == uninterrupted


@given(data=strategies.data())
def test_the_result_does_not_depend_on_the_order_of_trainings(data: strategies.DataObject) -> None:
    """Some trials fail, and some are good early and bad late."""
    n_trials = data.draw(strategies.integers(1, 12))
    share = data.draw(strategies.sampled_from([0.1, 0.3, 0.5, 1.0]))
    curve = strategies.lists(strategies.sampled_from([0.1, 0.2, 0.3, None]), min_size=5, max_size=5)
    curves = [data.draw(curve) for _ in range(n_trials)]
    accuracy = lambda number, epoch: curves[number][epoch - 1]  # noqa: E731
    expected = result_or_error(
        lambda: search(plan(1, 2, 5, keep=share), create_trials(n_trials), Trainer(accuracy)),
    )
    trials = create_trials(n_trials)
    method, train = Halving(plan(1, 2, 5, keep=share), trials), Trainer(accuracy)
    waiting = method.next_trials()
    while waiting:
        train([waiting.pop(data.draw(strategies.integers(0, len(waiting) - 1)))])
        waiting += method.next_trials()
    assert result_or_error(lambda: conclude(trials, 5)) == expected


def result_or_error(call: Callable[[], dict[str, Any]]) -> dict[str, Any] | str:
    try:
        return call()
    except UserError as error:
        return str(error)


def test_a_guaranteed_promotion_does_not_wait_for_the_rung_to_end() -> None:
    trials, train = create_trials(9), Trainer(lambda trial, _: 0.9 - trial / 100)
    method = Halving(plan(1, 3), trials)  # 4 of 9 are promoted
    rung = method.next_trials()
    train(rung[:6])
    assert [trial.number for trial in method.next_trials()] == [0]  # the three pending ones may all be better than 1
    train(rung[6:8])
    assert [trial.number for trial in method.next_trials()] == [1, 2]
    train(rung[8:])
    assert [trial.number for trial in method.next_trials()] == [3]


def test_failed_trials_are_recorded_and_never_win() -> None:
    result = search(plan(1), create_trials(4), Trainer(lambda trial, _: None if trial else 0.2))
    assert [trial["status"] for trial in result["trials"]] == ["completed", "failed", "failed", "failed"]
    assert result["trials"][1]["reason"] == "out of memory"
    assert result["best_trial"] == 0


def test_a_search_whose_trials_all_fail_is_one_line() -> None:
    with pytest.raises(UserError, match="no trial finished; trial 0 failed because: out of memory"):
        search(plan(1, 3), create_trials(3), Trainer(lambda *_: None))


@pytest.mark.parametrize(("objective", "winner"), [("accuracy", 1), ("balanced", 0)])
def test_the_objective_decides_whether_corrupted_images_count(objective: str, winner: int) -> None:
    train = Trainer(lambda trial, _: 0.99 + 0.001 * trial, lambda _: 0.03, lambda trial: 0.95 - 0.2 * trial)
    result = search(plan(1), create_trials(2, objective), train)
    assert result["best_trial"] == winner
    assert result["trials"][winner]["objective"] == max(trial["objective"] for trial in result["trials"])
