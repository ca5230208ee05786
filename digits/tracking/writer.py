"""What a driver reports of its trainings, written to the store as it comes: runs begin, get epochs, and end."""

import time
from dataclasses import dataclass
from itertools import takewhile

from digits.tracking import runs
from digits.tracking.provenance import Provenance, RunInfo, run_info
from digits.tracking.store import Store, connect
from digits.training.reporter import Message

SECONDS_BETWEEN_HEARTBEATS = 60


@dataclass(frozen=True)
class OpenRun:
    run_id: str
    info: RunInfo
    logged: set[runs.Point]


class RunWriter:
    """Applies the messages of a stage in their order. What fails is kept, and tried again from there."""

    def __init__(self) -> None:
        self.pending: list[Message] = []
        self.store: Store | None = None
        self.provenance: Provenance | None = None
        self.open: dict[str, OpenRun] = {}
        self.last_heartbeat = time.monotonic()

    def write(self, messages: list[Message]) -> bool:
        """Whether nothing is left to write."""
        self.pending += messages
        try:
            self.store = self.store or connect()
            while self.pending:
                del self.pending[: self.apply_next()]
            self.send_heartbeat()
        except Exception:  # MLflow's, its server's, the database's: whatever it is, the training goes on
            return False
        return True

    def apply_next(self) -> int:
        """How many messages that was: epochs are written together."""
        first = self.pending[0]
        if "epoch" in first:
            epochs = list(takewhile(lambda message: "epoch" in message, self.pending))
            self.on_epochs(epochs)
            return len(epochs)
        if "begin" in first:
            self.on_begin(first)
        else:
            self.on_end(first)
        return 1

    def on_begin(self, message: Message) -> None:
        self.provenance = self.provenance or Provenance.here()
        name, parent = message["parent"], None
        if name is not None and (parent := self.open.get(name)) is None:
            return
        info = run_info(self.provenance, message["begin"], parent and parent.info)
        run = runs.find(self.store, self.provenance, info)
        if run is None:
            run = runs.begin(self.store, self.provenance, info, parent and parent.run_id, message["time"])
        elif runs.abandoned(run, self.provenance):
            runs.resume(self.store, self.provenance, info, run)
        else:
            return  # the same result is there, or on its way
        self.open[message["run"]] = OpenRun(run.info.run_id, info, runs.logged(self.store, run))

    def on_epochs(self, messages: list[Message]) -> None:
        for name in {message["run"] for message in messages} & self.open.keys():
            epochs = [(message["epoch"], message["time"]) for message in messages if message["run"] == name]
            runs.add_epochs(self.store, self.open[name].run_id, epochs, self.open[name].logged)

    def on_end(self, message: Message) -> None:
        """Without the name of a run: all that are open, trials before their search."""
        for name in [message["run"]] if "run" in message else list(reversed(self.open)):
            if run := self.open.get(name):
                runs.add_final(self.store, run.run_id, message.get("cost", {}), message["time"])
                runs.end(self.store, run.run_id, message["end"], message.get("reason"))
                del self.open[name]

    def send_heartbeat(self) -> None:
        if time.monotonic() - self.last_heartbeat > SECONDS_BETWEEN_HEARTBEATS:
            self.last_heartbeat = time.monotonic()
            for run in self.open.values():
                self.store.client.set_tag(run.run_id, "alive", str(runs.now()))
