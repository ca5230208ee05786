"""Which trials train next: successive halving, or rounds of proposals from Keras Tuner's oracles."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from digits.config.recipe import Recipe
from digits.config.schema import Search
from digits.search.brackets import count_iterations, epochs_per_iteration
from digits.search.trials import Trial


class Halving:
    """Successive halving: all recipes are trained to the first rung, and only the best to each next one."""

    def __init__(self, plan: Search, trials: list[Trial]) -> None:
        self.plan = plan
        self.rungs = [trials, *([] for _ in plan.rungs[1:])]
        self.n_decided = 0  # rungs whose promotions are all known

    def next_trials(self) -> list[Trial]:
        """Promote trials as soon as no pending trial can displace them, so that no worker waits for a rung to end."""
        trials = [trial.set_target(self.plan.rungs[0]) for trial in self.rungs[0] if not trial.run.goal]
        steps = [*zip(pairwise(self.rungs), pairwise(self.plan.rungs), strict=True)]
        for (rung, next_rung), (epochs, next_epochs) in steps[self.n_decided :]:
            reached = [trial for trial in rung if trial.n_epochs >= epochs]
            n_pending = sum(trial.status == "running" and trial.n_epochs < epochs for trial in rung)
            guaranteed = guaranteed_promotions(reached, n_pending, self.plan.keep, epochs)
            promoted = [trial.set_target(next_epochs) for trial in guaranteed if trial.run.goal < next_epochs]
            trials += promoted
            next_rung.extend(promoted)
            if n_pending:
                break
            ranking = sorted(reached, key=lambda trial: trial.rank(epochs), reverse=True)
            for number, trial in enumerate(ranking, 1):
                if trial.run.goal < next_epochs:
                    trial.end("pruned", f"it was number {number} of {len(ranking)} after epoch {epochs}")
            self.n_decided += 1
        return trials


def guaranteed_promotions(trials: list[Trial], n_pending: int, share: float, epoch: int) -> list[Trial]:
    """Return the trials that are promoted even if all pending ones are better. The baseline's recipe always is."""
    n_guaranteed = count_promotions(len(trials) + n_pending, share) - n_pending
    if n_guaranteed < 1:
        return [trial for trial in trials if trial.number == 0]
    return sorted(trials, key=lambda trial: (trial.number == 0, trial.rank(epoch)), reverse=True)[:n_guaranteed]


def count_promotions(n_trials: int, share: float) -> int:
    return max(1, math.ceil(n_trials * share - 1e-9))


RoundScores = list[list[float | None]]  # for each round so far, the score of each trial; None if it failed


@dataclass(frozen=True)
class Proposal:
    trial: int  # the number of a new trial, or of one that is promoted
    recipe: Recipe
    target: int  # epochs


class Rounds:
    """Random, bayesian and hyperband: a round is proposed when all trials of the previous one have ended.

    So proposals do not depend on the order in which trials end.
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
        self.current = self.next_round()
        self.waiting = [trials[0].set_target(epochs), *self.current]

    def next_round(self) -> list[Trial]:
        trials = []
        for proposal in self.propose(self.scores):
            is_new = proposal.trial >= len(self.trials)
            trial = self.add_trial(proposal.recipe) if is_new else self.trials[proposal.trial]
            trials.append(trial.set_target(proposal.target))
        return trials

    def next_trials(self) -> list[Trial]:
        if not self.waiting and self.current and not any(trial.is_training for trial in self.trials):
            self.scores.append([trial.score() for trial in self.current])
            self.waiting = self.current = self.next_round()
        waiting, self.waiting = self.waiting, []
        return waiting


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
