"""Log training runs and searches to MLflow while they run, in a thread of the process that runs them.

A slow or dead server never blocks that process: the next write adds what is missing, or else stage `track` does.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from digits.core.errors import reason
from digits.tracking.provenance import Provenance, Record
from digits.tracking.store import configure, connect, is_disabled

SECONDS_BETWEEN_WRITES = 1
SECONDS_TO_FINISH = 5  # from the end of the block


@contextmanager
def live(records: Callable[[], list[Record]]) -> Iterator[None]:
    """Log the records once a second. An error in the block also ends the runs in MLflow."""
    if is_disabled():
        yield
        return
    stop, final_status = Event(), {}
    thread = Thread(target=write_records, args=(records, stop, final_status), daemon=True)
    thread.start()
    try:
        yield
    except BaseException as error:
        final_status |= {"status": "failed" if isinstance(error, Exception) else "killed", "reason": reason(error)}
        raise
    finally:
        stop.set()
        thread.join(SECONDS_TO_FINISH)


def write_records(records: Callable[[], list[Record]], stop: Event, final_status: dict[str, str]) -> None:
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
                content = sync.run_content(provenance, with_final_status(record, final_status))
                sync.log_progress(store, provenance, content, logged_states)


def with_final_status(record: Record, final_status: dict[str, str]) -> Record:
    """Replace the status "running", also of trials, if there is a final status."""
    if record["status"] == "running":
        record = record | final_status
    return record | {"trials": [with_final_status(trial, final_status) for trial in record.get("trials", [])]}
