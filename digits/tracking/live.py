"""Log trainings and searches to MLflow while they run, in a thread of the process that runs them.

A slow or dead server never blocks that process: the next write adds what is missing, or else stage `track` does.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from digits.core.errors import reason
from digits.tracking.provenance import Provenance
from digits.tracking.store import configure, connect, is_disabled

SECONDS_BETWEEN_WRITES = 1
SECONDS_TO_FINISH = 5  # after the last training

Record = dict[str, Any]  # a model, a search or a trial, with its epochs so far


@contextmanager
def live(records: Callable[[], list[Record]]) -> Iterator[None]:
    """Log the records once a second. An error in the block also ends the runs in MLflow."""
    if is_disabled():
        yield
        return
    stop, outcome = Event(), {}
    thread = Thread(target=write_records, args=(records, stop, outcome), daemon=True)
    thread.start()
    try:
        yield
    except BaseException as error:
        outcome |= {"status": "failed" if isinstance(error, Exception) else "killed", "reason": reason(error)}
        raise
    finally:
        stop.set()
        thread.join(SECONDS_TO_FINISH)


def write_records(records: Callable[[], list[Record]], stop: Event, outcome: Record) -> None:
    configure()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it would print each retry on the terminal
    store = provenance = None
    logged_states, is_last = {}, False
    while not is_last:
        is_last = stop.wait(SECONDS_BETWEEN_WRITES)
        with suppress(Exception):  # no error of MLflow, its server or the database may stop the training
            from digits.tracking import sync  # imports MLflow, which takes seconds

            store, provenance = store or connect(), provenance or Provenance.collect()
            for record in records():
                run_record = sync.run_record(provenance, with_outcome(record, outcome))
                sync.log_progress(store, provenance, run_record, logged_states)


def with_outcome(record: Record, outcome: Record) -> Record:
    if record["status"] == "running":
        record = record | outcome
    return record | {"trials": [with_outcome(trial, outcome) for trial in record.get("trials", [])]}
