"""Shows trainings in MLflow while they run: a thread of their driver passes on what they report.

No server, slow or dead, holds a driver up: what fails waits, and what is never written stage `track` fills in.
"""

import logging
import time
from queue import Empty, SimpleQueue

from digits.models.runtime import frozen_gc
from digits.tracking.store import configure, disabled
from digits.training.reporter import Message

SECONDS_BETWEEN_WRITES = 1
SECONDS_BETWEEN_TRIES = 5


def write(messages: SimpleQueue[Message | None]) -> None:
    """Until None has come, and what came before it is written or has failed once more."""
    if disabled():
        return
    configure()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it would say on the driver's terminal what it tries again
    try:
        with frozen_gc():
            from digits.tracking.writer import RunWriter  # MLflow, which takes seconds to import
    except Exception:  # whatever is wrong with it, `track` says so
        return
    writer, seconds = RunWriter(), SECONDS_BETWEEN_WRITES
    while True:
        arrived = collect(messages, seconds)
        written = writer.write([message for message in arrived if message is not None])
        if None in arrived:
            return
        seconds = SECONDS_BETWEEN_WRITES if written else SECONDS_BETWEEN_TRIES


def collect(messages: SimpleQueue[Message | None], seconds: float) -> list[Message | None]:
    """What arrives within this time, or until the last has come."""
    arrived, until = [], time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            arrived.append(messages.get(timeout=left))
        except Empty:
            break
        if arrived[-1] is None:
            break
    return arrived
