"""Shows trainings and searches in MLflow while they run: a thread of their driver writes their records so far.

No server, slow or dead, holds a driver up: the next write adds what is missing, and at last stage `track` does.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from digits.core.errors import reason
from digits.tracking.provenance import Provenance
from digits.tracking.store import configure, connect, disabled

SECONDS_BETWEEN_WRITES = 1
SECONDS_TO_FINISH = 5  # after the last training

Record = dict[str, Any]  # of a model, a search or a trial, with its epochs so far


@contextmanager
def live(records: Callable[[], list[Record]]) -> Iterator[None]:
    """An error ends what is still running in MLflow, too."""
    if disabled():
        yield
        return
    ended, outcome = Event(), {}
    thread = Thread(target=write, args=(records, ended, outcome), daemon=True)
    thread.start()
    try:
        yield
    except BaseException as error:
        outcome |= {"status": "failed" if isinstance(error, Exception) else "killed", "reason": reason(error)}
        raise
    finally:
        ended.set()
        thread.join(SECONDS_TO_FINISH)


def write(records: Callable[[], list[Record]], ended: Event, outcome: Record) -> None:
    configure()
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it would report each retry on the driver's terminal
    store = provenance = None
    shown, last = {}, False
    while not last:
        last = ended.wait(SECONDS_BETWEEN_WRITES)
        with suppress(Exception):  # MLflow's, its server's, the database's: whatever it is, the training goes on
            from digits.tracking import sync  # MLflow, which takes seconds to import

            store, provenance = store or connect(), provenance or Provenance.here()
            for record in records():
                sync.show(store, provenance, sync.run_record(provenance, with_outcome(record, outcome)), shown)


def with_outcome(record: Record, outcome: Record) -> Record:
    if record["status"] == "running":
        record = record | outcome
    return record | {"trials": [with_outcome(trial, outcome) for trial in record.get("trials", [])]}
