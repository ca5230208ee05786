"""Successive halving: all recipes are trained a little, the better ones longer, so that bad ones cost little."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from digits.common.errors import UserError
from digits.evaluation.objective import of_epoch, rank
from digits.params.schema import Search
from digits.training.jobs import Epoch, TrainingRun


@dataclass
class Trial:
    number: int
    run: TrainingRun
    objective: str
    until: int = 0  # epochs that count: a search that was resumed may know of more already
    status: str = "running"
    reason: str | None = None

    @property
    def epochs(self) -> list[Epoch]:
        return self.run.epochs[: self.until]

    @property
    def score(self) -> tuple[float, float, int]:
        """Age decides between equals."""
        return *rank(self.epochs[-1], self.objective), -self.number

    def end(self, status: str, reason: str | None = None) -> None:
        self.status, self.reason = status, reason

    def record(self) -> dict[str, Any]:
        last = self.epochs[-1] if self.epochs and self.status != "failed" else None
        return {
            "trial": self.number,
            "hyperparameters": self.run.config.recipe.model_dump(),
            "status": self.status,
            "objective": last and of_epoch(last, self.objective),
            **{name: last and last[name] for name in ("validation_accuracy", "validation_loss")},
            "reason": self.reason,
            "multiply_adds": self.run.multiply_adds,
            "epochs": self.epochs,
        }


def search(plan: Search, trials: list[Trial], advance: Callable[[list[Trial], int], None]) -> dict[str, Any]:
    """`advance` trains some trials, side by side if it can, until they have had so many epochs or failed."""
    running = trials
    for rung in plan.rungs:
        advance(running, rung)
        for trial in running:
            trial.until = rung
            if len(trial.epochs) < rung:
                trial.end("failed", trial.run.failure)
        running = [trial for trial in running if trial.status == "running"]
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
    kept = ranked[: count_kept(len(ranked), share)]
    for place, trial in enumerate(sorted(trials, key=lambda trial: trial.score, reverse=True), 1):
        if trial not in kept:
            trial.end("pruned", f"it was number {place} of {len(ranked)} after epoch {rung}")
    return sorted(kept, key=lambda trial: trial.number)


def count_kept(count: int, share: float) -> int:
    return max(1, math.ceil(count * share - 1e-9))


def length(plan: Search) -> int:
    """Epochs of a search in which no trial fails."""
    total, count, done = 0, plan.trials, 0
    for rung in plan.rungs:
        total += count * (rung - done)
        count, done = count_kept(count, plan.keep), rung
    return total
