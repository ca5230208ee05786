"""Configuration, segments and results of a training run. Does not import TensorFlow: only workers need it."""

from dataclasses import dataclass, field
from typing import Any

from digits.config.recipe import Recipe
from digits.config.schema import Runtime

Epoch = dict[str, float]  # the metrics of one epoch


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that determines the result of a training run, except the images."""

    family: str
    recipe: Recipe
    epochs: int
    seed: int
    n_classes: int
    runtime: Runtime


@dataclass(frozen=True)
class Segment:
    """Consecutive epochs of a training run, as one task of a worker."""

    config: TrainingConfig
    start: int  # epochs before this segment
    end: int
    state: bytes | None  # after epoch `start`; None at the beginning
    keep_model: bool


@dataclass(kw_only=True)
class SegmentResult:
    epochs: list[Epoch] = field(default_factory=list)  # may end before the segment's end, where epochs take long
    state: bytes | None = None
    model: bytes | None = None  # the .keras file, after the last epoch of the training run
    failure: str | None = None
    n_parameters: int | None = None  # None if no model was built
    multiply_adds: int | None = None  # per image
    seconds: float = 0.0
    cpu_seconds: float = 0.0  # of all threads together


@dataclass
class TrainingRun(SegmentResult):
    """A training run, with the results of its segments so far: all epochs and times, and the last state and model."""

    name: str
    config: TrainingConfig
    keep_model: bool = True
    target_epoch: int = 0  # the epoch to train to; 0 before the run starts

    @property
    def has_ended(self) -> bool:
        """Return whether the run has failed or has reached its target epoch."""
        return self.failure is not None or len(self.epochs) >= self.target_epoch

    def segment(self, end: int) -> Segment:
        """Return the next segment, which ends after epoch `end`."""
        return Segment(self.config, len(self.epochs), end, self.state, self.keep_model)

    def add(self, result: SegmentResult) -> None:
        """Add the result of the next segment."""
        self.epochs += result.epochs
        self.state, self.model, self.failure = result.state, result.model, result.failure
        self.n_parameters = result.n_parameters or self.n_parameters
        self.multiply_adds = result.multiply_adds or self.multiply_adds
        self.seconds += result.seconds
        self.cpu_seconds += result.cpu_seconds

    def live_record(self) -> dict[str, Any]:
        """Return what MLflow shows during the training."""
        status = "failed" if self.failure is not None else "completed" if self.has_ended else "running"
        cost = {"seconds": self.seconds, "core_minutes": self.cpu_seconds / 60}
        return {"status": status, "reason": self.failure, "epochs": [*self.epochs], "cost": cost}


def format_epoch(epoch: Epoch) -> str:
    accuracy, loss, corrupted = (epoch[f"validation_{name}"] for name in ("accuracy", "loss", "corrupted_accuracy"))
    return f"validation accuracy {accuracy:.2%}, loss {loss:.4f}, corrupted images {corrupted:.2%}"
