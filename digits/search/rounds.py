"""Keras Tuner's random, bayesian and hyperband search: rounds of trials, each complete before the next is asked for.

So what is proposed cannot depend on who finishes first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from digits.models.recipe import Recipe
from digits.params.schema import Search
from digits.search.brackets import epochs_of_one, iterations
from digits.search.trials import Trial

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


def length(plan: Search, method: str) -> int:
    """Epochs of a search in which no trial fails."""
    last = plan.rungs[-1]
    if method == "hyperband":
        return last + iterations(plan.trials, last) * epochs_of_one(last)
    return plan.trials * last
