"""What the driver tells of its trainings while they run: to MLflow, in a thread that no training waits for."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import Any

from digits.common.errors import reason
from digits.training.jobs import Epoch

WRITER = "digits.tracking.live"  # imported by name: no result depends on who is told of it
SECONDS_TO_FINISH = 5  # after the last training; what is missing then, stage `track` fills in


class Reporter:
    def __init__(self) -> None:
        self.messages: SimpleQueue[dict[str, Any] | None] = SimpleQueue()

    def begin(self, run: str, info: dict[str, Any], parent: str | None = None) -> None:
        self.tell(run=run, begin=info, parent=parent)

    def epochs(self, run: str, epochs: list[Epoch]) -> None:
        for epoch in epochs:
            self.tell(run=run, epoch=epoch)

    def end(self, run: str, status: str, reason: str | None = None, **cost: float) -> None:
        self.tell(run=run, end=status, reason=reason, cost=cost)

    def end_all(self, status: str, reason: str) -> None:
        self.tell(end=status, reason=reason)

    def tell(self, **message: Any) -> None:
        self.messages.put(message | {"time": time.time_ns() // 1_000_000})


@contextmanager
def reporter() -> Iterator[Reporter]:
    told = Reporter()
    if os.environ.get("DIGITS_TRACKING") == "off":
        yield told
        return
    thread = Thread(target=lambda: import_module(WRITER).write(told.messages), daemon=True)
    thread.start()
    try:
        yield told
    except BaseException as error:
        told.end_all("failed" if isinstance(error, Exception) else "killed", reason(error))
        raise
    finally:
        told.messages.put(None)
        thread.join(SECONDS_TO_FINISH)
