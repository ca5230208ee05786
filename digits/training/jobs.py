"""A training's configuration, segments and results. Imports no TensorFlow, which only workers start."""

from dataclasses import dataclass, field
from typing import Any

from digits.config.recipe import Recipe
from digits.config.schema import Runtime

Epoch = dict[str, float]  # the metrics of one epoch


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that determines the result of a training, except the images."""

    family: str
    recipe: Recipe
    epochs: int
    seed: int
    n_classes: int
    runtime: Runtime


@dataclass(frozen=True)
class Segment:
    """Consecutive epochs of a training, as one task of a worker."""

    config: TrainingConfig
    start: int  # epochs before this segment
    end: int
    state: bytes | None  # after epoch `start`; None at the beginning
    keep_model: bool


@dataclass(kw_only=True)
class SegmentResult:
    epochs: list[Epoch] = field(default_factory=list)  # may end before the segment's end, where epochs take long
    state: bytes | None = None
    model: bytes | None = None  # the .keras file, after the last epoch of the training
    failure: str | None = None
    parameters: int | None = None  # None if no model was built
    multiply_adds: int | None = None  # per image
    seconds: float = 0.0
    core_seconds: float = 0.0


@dataclass
class TrainingRun(SegmentResult):
    """A training in progress: the sum of its segments so far."""

    name: str
    config: TrainingConfig
    keep_model: bool = True
    goal: int = 0  # the epoch to train to

    @property
    def is_finished(self) -> bool:
        return self.failure is not None or len(self.epochs) >= self.goal

    def segment(self, end: int) -> Segment:
        return Segment(self.config, len(self.epochs), end, self.state, self.keep_model)

    def add(self, result: SegmentResult) -> None:
        self.epochs += result.epochs
        self.state, self.model, self.failure = result.state, result.model, result.failure
        self.parameters = result.parameters or self.parameters
        self.multiply_adds = result.multiply_adds or self.multiply_adds
        self.seconds += result.seconds
        self.core_seconds += result.core_seconds

    def progress(self) -> dict[str, Any]:
        """Return what MLflow shows during the training."""
        status = "failed" if self.failure is not None else "completed" if self.is_finished else "running"
        cost = {"seconds": self.seconds, "core_minutes": self.core_seconds / 60}
        return {"status": status, "reason": self.failure, "epochs": [*self.epochs], "cost": cost}


def format_epoch(epoch: Epoch) -> str:
    accuracy, loss, corrupted = (epoch[f"validation_{name}"] for name in ("accuracy", "loss", "corrupted_accuracy"))
    return f"validation accuracy {accuracy:.2%}, loss {loss:.4f}, corrupted images {corrupted:.2%}"
