"""Keras Tuner's random, bayesian and hyperband search: rounds of trials, each complete before the next is asked for.

So what is proposed cannot depend on who finishes first.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from digits.common.errors import UserError
from digits.models.recipe import Recipe
from digits.params.schema import Search
from digits.search.trials import Trial

FACTOR = 3  # of hyperband, Keras Tuner's own: a third of a bracket's trials goes on, with three times the epochs
Results = list[list[float | None]]  # of each round so far; None for a trial that failed


@dataclass(frozen=True)
class Proposal:
    trial: int  # a new one, or one that goes on
    recipe: Recipe
    until: int


class Rounds:
    def __init__(
        self,
        trials: list[Trial],
        epochs: int,
        propose: Callable[[Results], list[Proposal]],
        begin: Callable[[Recipe], Trial],
    ) -> None:
        """`trials` has the baseline's, and gets each new one that `begin` makes."""
        self.trials, self.propose, self.begin = trials, propose, begin
        self.results: Results = []
        self.current = self.proposed()
        self.waiting = [trials[0].send(epochs), *self.current]

    def proposed(self) -> list[Trial]:
        found = []
        for proposal in self.propose(self.results):
            trial = self.trials[proposal.trial] if proposal.trial < len(self.trials) else self.begin(proposal.recipe)
            found.append(trial.send(proposal.until))
        return found

    def next(self) -> list[Trial]:
        if not self.waiting and self.current and not any(trial.busy for trial in self.trials):
            self.results.append([trial.measured() for trial in self.current])
            self.waiting = self.current = self.proposed()
        waiting, self.waiting = self.waiting, []
        return waiting


def brackets(epochs: int) -> list[list[tuple[int, int]]]:
    """How many trials have how many epochs in each round of each of hyperband's brackets, as Keras Tuner has it."""
    count = 1
    while epochs >= FACTOR**count:
        count += 1
    most = math.ceil(1 + math.log(epochs, FACTOR))
    return [
        [
            (math.ceil(most / (bracket + 1) * FACTOR**left), math.ceil(epochs / FACTOR**left))
            for left in range(bracket, -1, -1)
        ]
        for bracket in range(count)
    ]


def sweeps(plan: Search) -> int:
    """As many of hyperband's iterations, each through all brackets, as the trials suffice for."""
    each = sum(rounds[0][0] for rounds in brackets(plan.rungs[-1]))
    if plan.trials <= each:
        raise UserError(
            f"trials: {plan.trials} are too few for hyperband, which begins {each} in one iteration with trials of up "
            f"to {plan.rungs[-1]} epochs, besides the baseline's: {each + 1} or more"
        )
    return (plan.trials - 1) // each


def length(plan: Search, method: str) -> int:
    """Epochs of a search in which no trial fails."""
    last = plan.rungs[-1]
    if method != "hyperband":
        return plan.trials * last
    once = 0
    for rounds in brackets(last):
        done = 0
        for count, epochs in rounds:
            once += count * (epochs - done)
            done = epochs
    return last + sweeps(plan) * once
