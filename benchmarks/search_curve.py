"""What is heard of a search while it runs, in place of MLflow: how good its best trial was, and when."""

from queue import SimpleQueue
from typing import Any

from digits.evaluation.objective import of_epoch

Point = tuple[float, int, float]  # seconds since the start of Python, epochs trained so far, the best objective so far


class Curve:
    def __init__(self, started: float, objective: str) -> None:
        self.started, self.objective, self.points = started, objective, list[Point]()

    def add(self, epoch: dict[str, float], now: float) -> bool:
        """Whether it is the best so far."""
        best, value = self.best, of_epoch(epoch, self.objective)
        self.points.append((round(now - self.started, 1), len(self.points) + 1, max(best, value)))
        return value > best

    @property
    def best(self) -> float:
        return self.points[-1][2] if self.points else float("-inf")


curves: list[Curve] = []  # what the search in this process shall be heard by


def write(messages: SimpleQueue[dict[str, Any] | None]) -> None:
    """As digits.tracking.live does: in a thread of the driver."""
    while (message := messages.get()) is not None:
        if epoch := message.get("epoch"):
            curves[0].add(epoch, message["time"] / 1000)
