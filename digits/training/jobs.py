"""A search's trials and their legs: some epochs, from where the leg before stopped. Known without TensorFlow."""

from dataclasses import dataclass, field
from typing import Any

from digits.models.recipe import Recipe
from digits.params.schema import Runtime

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
    trial: int
    job: TrainingConfig
    done: int  # epochs of the legs before
    until: int
    state: bytes | None  # after these


@dataclass(frozen=True)
class SegmentResult:
    epochs: list[Epoch]
    state: bytes | None  # None where it failed
    failure: str | None = None
    multiply_adds: int | None = None  # per image; None where there was no model
    core_seconds: float = 0.0


@dataclass
class Trial:
    number: int
    recipe: Recipe
    epochs: list[Epoch] = field(default_factory=list)
    status: str = "running"
    reason: str | None = None
    multiply_adds: int | None = None
    core_seconds: float = 0.0

    @property
    def score(self) -> tuple[float, float, int]:
        """Equal accuracy is decided by loss, and then by age."""
        last = self.epochs[-1]
        return last["validation_accuracy"], -last["validation_loss"], -self.number

    def end(self, status: str, reason: str | None = None) -> None:
        self.status, self.reason = status, reason

    def record(self) -> dict[str, Any]:
        last = self.epochs[-1] if self.epochs and self.status != "failed" else {}
        return {
            "trial": self.number,
            "hyperparameters": self.recipe.model_dump(),
            "status": self.status,
            "validation_accuracy": last.get("validation_accuracy"),
            "validation_loss": last.get("validation_loss"),
            "reason": self.reason,
            "multiply_adds": self.multiply_adds,
            "epochs": self.epochs,
        }


def describe(epoch: Epoch) -> str:
    return f"validation accuracy {epoch['validation_accuracy']:.2%}, loss {epoch['validation_loss']:.4f}"
