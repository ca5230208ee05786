"""Successive halving: all recipes are trained a little, the better ones longer, so that bad ones cost little."""

import math
from collections.abc import Callable
from typing import Any

from digits.common.errors import UserError
from digits.params.schema import Search
from digits.training.jobs import Trial


def search(plan: Search, trials: list[Trial], advance: Callable[[list[Trial], int], None]) -> dict[str, Any]:
    """`advance` trains some trials, at once if it can, until they have had so many epochs or failed."""
    running = trials
    for rung in plan.rungs:
        advance(running, rung)
        running = [trial for trial in running if trial.status != "failed"]
        if rung != plan.rungs[-1]:
            running = promoted(running, plan.keep, rung)
    if not running:
        failed = next(trial for trial in trials if trial.status == "failed")
        raise UserError(f"no trial came to its end; trial {failed.number} failed because: {failed.reason}")
    for trial in running:
        trial.end("completed")
    best = max(running, key=lambda trial: trial.score)
    records = [trial.record() for trial in trials]
    return {"trials": records, "best_trial": best.number, "best": records[best.number]["hyperparameters"]}


def promoted(trials: list[Trial], share: float, rung: int) -> list[Trial]:
    """The best of them, and the baseline's recipe, which all are measured against."""
    ranked = sorted(trials, key=lambda trial: (trial.number == 0, trial.score), reverse=True)
    seats = seats_of(len(ranked), share)
    for place, trial in enumerate(sorted(trials, key=lambda trial: trial.score, reverse=True), 1):
        if trial not in ranked[:seats]:
            trial.end("pruned", f"it was number {place} of {len(ranked)} after epoch {rung}")
    return sorted(ranked[:seats], key=lambda trial: trial.number)


def seats_of(count: int, share: float) -> int:
    return max(1, math.ceil(count * share - 1e-9))


def length(plan: Search) -> int:
    """Epochs of a search in which no trial fails."""
    total, count, done = 0, plan.trials, 0
    for rung in plan.rungs:
        total += count * (rung - done)
        count, done = seats_of(count, plan.keep), rung
    return total
