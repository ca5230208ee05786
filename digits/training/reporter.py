"""What the driver reports of its trainings while they run: to MLflow, in a thread that no training waits for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from queue import SimpleQueue
from threading import Thread
from typing import Any

from digits.core.errors import reason
from digits.training.jobs import Epoch

WRITER = "digits.tracking.live"  # imported by name: no result depends on it
SECONDS_TO_FINISH = 5  # after the last training; what is missing then, stage `track` fills in

Message = dict[str, Any]


class Reporter:
    def __init__(self) -> None:
        self.messages: SimpleQueue[Message | None] = SimpleQueue()

    def begin(self, run: str, info: dict[str, Any], parent: str | None = None) -> None:
        self.send(run=run, begin=info, parent=parent)

    def epochs(self, run: str, epochs: list[Epoch]) -> None:
        for epoch in epochs:
            self.send(run=run, epoch=epoch)

    def end(self, run: str, status: str, reason: str | None = None, **cost: float) -> None:
        self.send(run=run, end=status, reason=reason, cost=cost)

    def end_all(self, status: str, reason: str) -> None:
        self.send(end=status, reason=reason)

    def send(self, **message: Any) -> None:
        self.messages.put(message | {"time": time.time_ns() // 1_000_000})


@contextmanager
def reporting() -> Iterator[Reporter]:
    reporter = Reporter()
    thread = Thread(target=lambda: import_module(WRITER).write(reporter.messages), daemon=True)
    thread.start()
    try:
        yield reporter
    except BaseException as error:
        reporter.end_all("failed" if isinstance(error, Exception) else "killed", reason(error))
        raise
    finally:
        reporter.messages.put(None)
        thread.join(SECONDS_TO_FINISH)
