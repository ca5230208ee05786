"""The trials of a search, and the choice of the best one."""

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
    n_epochs: int = 0  # epochs up to the last target; a resumed run may have more
    status: str = "running"  # also before the trial starts; then completed, pruned or failed
    reason: str | None = None

    @property
    def epochs(self) -> list[Epoch]:
        return self.run.epochs[: self.n_epochs]

    @property
    def is_training(self) -> bool:
        return self.status == "running" and self.n_epochs < self.run.target_epoch

    def set_target_epoch(self, epoch: int) -> "Trial":
        """Set the epoch to train to, and return the trial."""
        self.run.target_epoch = epoch
        return self

    def accept_epochs(self) -> None:
        """Accept the run's epochs up to its target, or end the trial if the run has failed before."""
        if len(self.run.epochs) >= self.run.target_epoch:
            self.n_epochs = self.run.target_epoch
        else:
            self.n_epochs = len(self.run.epochs)
            self.end("failed", self.run.failure)

    def sort_key(self, epoch: int) -> tuple[float, float, int]:
        """Return score, negative loss and negative number: of two trials, the better one has the greater key."""
        return *rank(self.run.epochs[epoch - 1], self.objective), -self.number

    @property
    def last_epoch(self) -> Epoch | None:
        return self.epochs[-1] if self.epochs and self.status != "failed" else None

    def score(self) -> float | None:
        return score(self.last_epoch, self.objective) if self.last_epoch else None

    def end(self, status: str, reason: str | None = None) -> None:
        self.status, self.reason = status, reason

    def record(self) -> dict[str, Any]:
        """Return the record that models/ holds after the search."""
        last = self.last_epoch
        return {
            "trial": self.number,
            "hyperparameters": self.run.config.recipe.model_dump(),
            "status": self.status,
            "objective": self.score(),
            **{name: last and last[name] for name in ("validation_accuracy", "validation_loss")},
            "reason": self.reason,
            "multiply_adds": self.run.multiply_adds,
            "epochs": self.epochs,
        }

    def live_record(self) -> dict[str, Any]:
        """Return the record that MLflow shows while the search runs."""
        cost = {"core_minutes": self.run.cpu_seconds / 60}
        return self.record() | {"epochs": self.run.epochs[: self.run.target_epoch], "cost": cost}


def conclude(trials: list[Trial], epochs: int) -> dict[str, Any]:
    """Set the final statuses, and return all trials with the best of those that have all epochs."""
    for trial in trials:
        if trial.status == "running" and trial.n_epochs == epochs:
            trial.end("completed")
        elif trial.status == "running":
            trial.end("pruned", f"others were better after epoch {trial.n_epochs}")
    completed = [trial for trial in trials if trial.status == "completed"]
    if not completed:
        failed = next(trial for trial in trials if trial.status == "failed")
        raise UserError(f"no trial finished; trial {failed.number} failed because: {failed.reason}")
    best = max(completed, key=lambda trial: trial.sort_key(epochs))
    records = [trial.record() for trial in trials]
    return {"trials": records, "best_trial": best.number, "best": records[best.number]["hyperparameters"]}
