"""A training's messages, applied to MLflow in their order. What fails is kept, and tried again from there."""

import time
from typing import Any

from digits.tracking import run_info, runs
from digits.tracking.provenance import Provenance
from digits.tracking.run_info import RunInfo
from digits.tracking.store import Store, connect

Message = dict[str, Any]
SECONDS_BETWEEN_SIGNS = 60


class RunWriter:
    def __init__(self) -> None:
        self.waiting: list[Message] = []
        self.store: Store | None = None
        self.place: Provenance | None = None
        self.cards: dict[str, RunInfo] = {}
        self.open: dict[str, str] = {}  # run by name, of those that this process shows
        self.began: dict[str, int] = {}
        self.signed = time.monotonic()

    def done(self) -> bool:
        return not self.waiting

    def send(self, messages: list[Message]) -> bool:
        self.waiting += messages
        try:
            self.store = self.store or connect()
            while self.waiting:
                self.apply()
            self.sign()
        except Exception:  # MLflow's, its server's, the database's: whatever it is, the training goes on
            return False
        return True

    def apply(self) -> None:
        first = self.waiting[0]
        if "begin" in first:
            self.begin(first)
            taken = 1
        elif "epoch" in first:
            taken = next((n for n, each in enumerate(self.waiting) if "epoch" not in each), len(self.waiting))
            self.epochs(self.waiting[:taken])
        else:
            self.end(first)
            taken = 1
        del self.waiting[:taken]

    def begin(self, message: Message) -> None:
        self.place = self.place or Provenance.here()
        name, within = message["run"], message.get("within")
        if within is not None and not self.shows(within):
            return
        card = self.cards[name] = run_info.of(self.place, message["begin"], self.cards.get(within))
        self.began[name] = message["time"]
        if found := runs.find(self.store, self.place, card):
            if found.info.status == "FINISHED" or (runs.running(found) and not runs.silent(found, self.place)):
                return  # the same result is there, or on its way
            runs.forget(self.store, found)
        parent = self.open[within] if within else None
        self.open[name] = runs.begin(self.store, self.place, card, parent, message["time"])

    def epochs(self, messages: list[Message]) -> None:
        for name in dict.fromkeys(message["run"] for message in messages):
            if self.shows(name):
                mine = [message for message in messages if message["run"] == name]
                points = [point for each in mine for point in runs.points(each["epoch"], each["time"])]
                runs.add(self.store, self.open[name], points)

    def shows(self, name: str) -> bool:
        """Not a run that the track stage has completed meanwhile: that has been faster."""
        if name in self.open and runs.is_complete(self.store, self.open[name]):
            del self.open[name]
        return name in self.open

    def end(self, message: Message) -> None:
        for name in [message["run"]] if "run" in message else list(reversed(self.open)):
            if self.shows(name):
                cost = {"core_minutes": message["core_minutes"]} if "core_minutes" in message else {}
                if message["end"] == "completed":
                    cost["seconds"] = (message["time"] - self.began[name]) / 1000
                runs.add(self.store, self.open[name], [runs.final(*each) for each in cost.items()])
                runs.end(self.store, self.open[name], message["end"], message.get("reason"))
                del self.open[name]

    def sign(self) -> None:
        if time.monotonic() - self.signed > SECONDS_BETWEEN_SIGNS:
            self.signed = time.monotonic()
            for run_id in self.open.values():
                runs.alive(self.store, run_id)
