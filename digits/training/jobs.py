"""What is trained, and what came of it. Known without TensorFlow, which only workers start."""

from dataclasses import dataclass, field
from typing import Any

from digits.config.recipe import Recipe
from digits.config.schema import Runtime

Epoch = dict[str, float]


@dataclass(frozen=True)
class TrainingConfig:
    """All that decides the outcome of a training, besides the images."""

    family: str
    recipe: Recipe
    epochs: int
    seed: int
    classes: int
    runtime: Runtime


@dataclass(frozen=True)
class Segment:
    """Some epochs of a training, from where the segment before it ended."""

    config: TrainingConfig
    done: int
    until: int
    state: bytes | None  # after the epochs done; None at the start
    keep_model: bool


@dataclass(kw_only=True)
class SegmentResult:
    epochs: list[Epoch] = field(default_factory=list)  # fewer than asked for where they took long: what is done is safe
    state: bytes | None = None
    model: bytes | None = None  # the .keras file, after the last epoch of all
    failure: str | None = None
    parameters: int | None = None
    multiply_adds: int | None = None  # per image; None where there was no model
    seconds: float = 0.0
    core_seconds: float = 0.0


@dataclass
class TrainingRun(SegmentResult):
    """A training on its way, as the driver knows it: what came of all its segments so far."""

    name: str
    config: TrainingConfig
    keep_model: bool = True
    goal: int = 0  # epochs that it is to have

    @property
    def is_finished(self) -> bool:
        return self.failure is not None or len(self.epochs) >= self.goal

    def segment(self, until: int) -> Segment:
        return Segment(self.config, len(self.epochs), until, self.state, self.keep_model)

    def add(self, result: SegmentResult) -> None:
        self.epochs += result.epochs
        self.state, self.model, self.failure = result.state, result.model, result.failure
        self.parameters = result.parameters or self.parameters
        self.multiply_adds = result.multiply_adds or self.multiply_adds
        self.seconds += result.seconds
        self.core_seconds += result.core_seconds

    def progress(self) -> dict[str, Any]:
        """What MLflow shows of it while it is trained."""
        status = "failed" if self.failure is not None else "completed" if self.is_finished else "running"
        cost = {"seconds": self.seconds, "core_minutes": self.core_seconds / 60}
        return {"status": status, "reason": self.failure, "epochs": [*self.epochs], "cost": cost}


def describe(epoch: Epoch) -> str:
    accuracy, loss, corrupted = (epoch[f"validation_{name}"] for name in ("accuracy", "loss", "corrupted_accuracy"))
    return f"validation accuracy {accuracy:.2%}, loss {loss:.4f}, corrupted images {corrupted:.2%}"
