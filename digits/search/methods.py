"""Which trials train next: by successive halving, or round by round as Keras Tuner's oracles propose."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from digits.config.recipe import Recipe
from digits.config.schema import Search
from digits.search.brackets import epochs_of_one, iterations
from digits.search.trials import Trial


class Halving:
    """All recipes are trained a little, the better ones longer, so that bad ones cost little."""

    def __init__(self, plan: Search, trials: list[Trial]) -> None:
        self.plan = plan
        self.rungs = [trials, *([] for _ in plan.rungs[1:])]
        self.decided = 0  # rungs of which all that go on are known

    def next(self) -> list[Trial]:
        """Those that go on whatever becomes of the ones still in training: no worker waits for the last of a rung."""
        begun = [trial.send(self.plan.rungs[0]) for trial in self.rungs[0] if not trial.run.goal]
        steps = [*zip(pairwise(self.rungs), pairwise(self.plan.rungs), strict=True)]
        for (members, above), (epochs, goal) in steps[self.decided :]:
            arrived = [trial for trial in members if trial.until >= epochs]
            pending = sum(trial.status == "running" and trial.until < epochs for trial in members)
            promoted = certain(arrived, pending, self.plan.keep, epochs)
            new = [trial.send(goal) for trial in promoted if trial.run.goal < goal]
            begun += new
            above.extend(new)
            if pending:
                break
            for place, trial in enumerate(sorted(arrived, key=lambda trial: trial.score(epochs), reverse=True), 1):
                if trial.run.goal < goal:
                    trial.end("pruned", f"it was number {place} of {len(arrived)} after epoch {epochs}")
            self.decided += 1
        return begun


def certain(arrived: list[Trial], pending: int, share: float, epoch: int) -> list[Trial]:
    """The best of a rung, even if all that are pending turn out better; and the baseline's recipe in any case."""
    sure = count_kept(len(arrived) + pending, share) - pending
    if sure < 1:
        return [trial for trial in arrived if trial.number == 0]
    return sorted(arrived, key=lambda trial: (trial.number == 0, trial.score(epoch)), reverse=True)[:sure]


def count_kept(count: int, share: float) -> int:
    return max(1, math.ceil(count * share - 1e-9))


Results = list[list[float | None]]  # of each round so far; None for a trial that failed


@dataclass(frozen=True)
class Proposal:
    trial: int  # a new one, or one that goes on
    recipe: Recipe
    until: int


class Rounds:
    """Random, bayesian and hyperband: each round is complete before the next is asked for.

    So what is proposed cannot depend on who finishes first.
    """

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
    if method == "halving":
        total, count, done = 0, plan.trials, 0
        for rung in plan.rungs:
            total += count * (rung - done)
            count, done = count_kept(count, plan.keep), rung
        return total
    if method == "hyperband":
        return last + iterations(plan.trials, last) * epochs_of_one(last)
    return plan.trials * last
