"""Successive halving: all recipes are trained a little, the better ones longer, so that bad ones cost little."""

import math
from itertools import pairwise

from digits.params.schema import Search
from digits.search.trials import Trial


class Halving:
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


def length(plan: Search) -> int:
    """Epochs of a search in which no trial fails."""
    total, count, done = 0, plan.trials, 0
    for rung in plan.rungs:
        total += count * (rung - done)
        count, done = count_kept(count, plan.keep), rung
    return total
