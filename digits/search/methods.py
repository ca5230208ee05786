"""The scheduling of trials: successive halving, or rounds of proposals from Keras Tuner's oracles."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from digits.config.recipe import Recipe
from digits.config.schema import Search
from digits.search.brackets import count_iterations, epochs_per_iteration
from digits.search.trials import Trial


class Halving:
    """Successive halving: all trials are trained to the first rung, and only the best to each further rung.

    A rung is a number of epochs. It is closed when all of its trials have reached it or have failed.
    """

    def __init__(self, plan: Search, trials: list[Trial]) -> None:
        self.plan = plan
        self.rung_trials = [trials, *([] for _ in plan.rungs[1:])]  # for each rung, the trials that are trained to it
        self.n_closed_rungs = 0

    def next_trials(self) -> list[Trial]:
        """Return the trials with a new target epoch: at the start all trials, later those that are promoted."""
        first_epoch = self.plan.rungs[0]
        unstarted = [trial for trial in self.rung_trials[0] if not trial.run.target_epoch]
        trials = [trial.set_target_epoch(first_epoch) for trial in unstarted]
        for rung in range(self.n_closed_rungs, len(self.plan.rungs) - 1):
            trials += self.promote(rung)
            if self.count_pending(rung):
                break
            self.close(rung)
        return trials

    def promote(self, rung: int) -> list[Trial]:
        """Promote each trial as soon as no pending trial can displace it, so that no worker waits for a closed rung."""
        epoch, next_epoch = self.plan.rungs[rung], self.plan.rungs[rung + 1]
        guaranteed = guaranteed_promotions(self.reached(rung), self.count_pending(rung), self.plan.keep, epoch)
        new = [trial for trial in guaranteed if trial.run.target_epoch < next_epoch]
        promoted = [trial.set_target_epoch(next_epoch) for trial in new]
        self.rung_trials[rung + 1].extend(promoted)
        return promoted

    def close(self, rung: int) -> None:
        """Prune the trials that have not been promoted."""
        epoch, next_epoch = self.plan.rungs[rung], self.plan.rungs[rung + 1]
        ranking = sorted(self.reached(rung), key=lambda trial: trial.sort_key(epoch), reverse=True)
        for number, trial in enumerate(ranking, 1):
            if trial.run.target_epoch < next_epoch:
                trial.end("pruned", f"it was number {number} of {len(ranking)} after epoch {epoch}")
        self.n_closed_rungs += 1

    def reached(self, rung: int) -> list[Trial]:
        """Return the trials that have reached the rung."""
        return [trial for trial in self.rung_trials[rung] if trial.n_epochs >= self.plan.rungs[rung]]

    def count_pending(self, rung: int) -> int:
        """Return the number of trials that have neither reached the rung nor failed."""
        epoch = self.plan.rungs[rung]
        return sum(trial.status == "running" and trial.n_epochs < epoch for trial in self.rung_trials[rung])


def guaranteed_promotions(trials: list[Trial], n_pending: int, share: float, epoch: int) -> list[Trial]:
    """Return the trials that are promoted even if all pending ones are better.

    The baseline's trial is always promoted.
    """
    n_guaranteed = count_promotions(len(trials) + n_pending, share) - n_pending
    if n_guaranteed < 1:
        return [trial for trial in trials if trial.number == 0]
    return sorted(trials, key=lambda trial: (trial.number == 0, trial.sort_key(epoch)), reverse=True)[:n_guaranteed]


def count_promotions(n_trials: int, share: float) -> int:
    rounding_error = 1e-9  # e.g. 100 × 0.07 is 7.000000000000001
    return max(1, math.ceil(n_trials * share - rounding_error))


RoundScores = list[list[float | None]]  # for each round so far, the score of each trial; None if it failed


@dataclass(frozen=True)
class Proposal:
    trial: int  # the number of a new trial, or of one that is promoted
    recipe: Recipe
    target_epoch: int  # not used by halving, which has rungs


class Rounds:
    """Random, bayesian and hyperband: the trials of a round are proposed when all earlier trials have ended.

    Proposals therefore do not depend on the order in which trials end.
    """

    def __init__(
        self,
        trials: list[Trial],
        epochs: int,
        propose: Callable[[RoundScores], list[Proposal]],
        add_trial: Callable[[Recipe], Trial],
    ) -> None:
        """`trials` has the baseline's trial; `add_trial` appends new ones to it."""
        self.trials, self.propose, self.add_trial = trials, propose, add_trial
        self.scores: RoundScores = []
        self.round_trials = self.propose_round()
        # The baseline's trial is trained with the first round, but its score is not used for proposals.
        self.unstarted_trials = [trials[0].set_target_epoch(epochs), *self.round_trials]

    def propose_round(self) -> list[Trial]:
        trials = []
        for proposal in self.propose(self.scores):
            is_new = proposal.trial >= len(self.trials)
            trial = self.add_trial(proposal.recipe) if is_new else self.trials[proposal.trial]
            trials.append(trial.set_target_epoch(proposal.target_epoch))
        return trials

    def next_trials(self) -> list[Trial]:
        """Return the trials of a round once, then none until all of them have ended."""
        if self.round_trials and self.has_round_ended():
            self.scores.append([trial.score() for trial in self.round_trials])
            self.unstarted_trials = self.round_trials = self.propose_round()
        trials, self.unstarted_trials = self.unstarted_trials, []
        return trials

    def has_round_ended(self) -> bool:
        return not self.unstarted_trials and not any(trial.is_training for trial in self.trials)


def total_epochs(plan: Search, method: str) -> int:
    """Return the epochs of all trials in a search without failures."""
    max_epochs = plan.rungs[-1]
    if method == "halving":
        total, n_trials, previous = 0, plan.trials, 0
        for rung in plan.rungs:
            total += n_trials * (rung - previous)
            n_trials, previous = count_promotions(n_trials, plan.keep), rung
        return total
    if method == "hyperband":
        return max_epochs + count_iterations(plan.trials, max_epochs) * epochs_per_iteration(max_epochs)
    return plan.trials * max_epochs
