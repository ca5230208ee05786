"""The trials of a search, and which of them has won."""

from dataclasses import dataclass
from typing import Any

from digits.core.errors import UserError
from digits.evaluation.objective import rank, score
from digits.training.jobs import Epoch, TrainingRun


@dataclass
class Trial:
    number: int  # 0 has the baseline's recipe
    run: TrainingRun
    objective: str
    until: int = 0  # epochs that count: a search that was resumed may know of more already
    status: str = "running"
    reason: str | None = None

    @property
    def epochs(self) -> list[Epoch]:
        return self.run.epochs[: self.until]

    @property
    def busy(self) -> bool:
        return self.status == "running" and self.until < self.run.goal

    def send(self, goal: int) -> "Trial":
        self.run.goal = goal
        return self

    def arrive(self) -> None:
        """At its goal, or at its failure before that."""
        if len(self.run.epochs) >= self.run.goal:
            self.until = self.run.goal
        else:
            self.until = len(self.run.epochs)
            self.end("failed", self.run.failure)

    def score(self, epoch: int) -> tuple[float, float, int]:
        """Age decides between equals."""
        return *rank(self.run.epochs[epoch - 1], self.objective), -self.number

    def measured(self) -> float | None:
        """By the objective, where it has come; None if it has failed."""
        return score(self.epochs[-1], self.objective) if self.epochs and self.status != "failed" else None

    def end(self, status: str, reason: str | None = None) -> None:
        self.status, self.reason = status, reason

    def record(self) -> dict[str, Any]:
        last = self.epochs[-1] if self.epochs and self.status != "failed" else None
        return {
            "trial": self.number,
            "hyperparameters": self.run.config.recipe.model_dump(),
            "status": self.status,
            "objective": self.measured(),
            **{name: last and last[name] for name in ("validation_accuracy", "validation_loss")},
            "reason": self.reason,
            "multiply_adds": self.run.multiply_adds,
            "epochs": self.epochs,
        }

    def progress(self) -> dict[str, Any]:
        """What MLflow shows of it while its search runs."""
        cost = {"core_minutes": self.run.core_seconds / 60}
        return self.record() | {"epochs": self.run.epochs[: self.run.goal], "cost": cost}


def conclude(trials: list[Trial], epochs: int) -> dict[str, Any]:
    """Once none is trained any more: the best of those that had all epochs."""
    for trial in trials:
        if trial.status == "running" and trial.until == epochs:
            trial.end("completed")
        elif trial.status == "running":
            trial.end("pruned", f"others were better after epoch {trial.until}")
    completed = [trial for trial in trials if trial.status == "completed"]
    if not completed:
        failed = next(trial for trial in trials if trial.status == "failed")
        raise UserError(f"no trial finished; trial {failed.number} failed because: {failed.reason}")
    best = max(completed, key=lambda trial: trial.score(epochs))
    records = [trial.record() for trial in trials]
    return {"trials": records, "best_trial": best.number, "best": records[best.number]["hyperparameters"]}
