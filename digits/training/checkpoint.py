"""What a search has done so far, on disk, so that one that was killed goes on. Thrown away when the search ends."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from digits.common.errors import UserError
from digits.common.files import read_json, remove, replacing, write_json
from digits.training.jobs import Segment, SegmentResult


class Notebook:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, trial: int, until: int) -> SegmentResult | None:
        try:
            noted = read_json(self.note(trial, until))
        except UserError:  # not there, or cut off when the machine went down
            return None
        return SegmentResult(**noted)

    def keep(self, leg: Segment, ran: SegmentResult) -> None:
        if ran.state is not None:
            with replacing(self.kept(leg.trial, leg.until)) as new:
                new.write_bytes(ran.state)
        # Last, for what is noted has all of its state.
        write_json(self.note(leg.trial, leg.until), asdict(replace(ran, state=None)))

    def state(self, trial: int, until: int) -> bytes | None:
        return self.kept(trial, until).read_bytes() if until else None

    def note(self, trial: int, until: int) -> Path:
        return self.folder / f"{trial}-{until}.json"

    def kept(self, trial: int, until: int) -> Path:
        return self.folder / f"{trial}-{until}.npz"


@contextmanager
def notebook(search: str) -> Iterator[Notebook]:
    """Under the repository's root, not in the current folder, which may be an experiment's copy."""
    folder = Path(os.environ.get("DVC_ROOT", "."), ".search", search).resolve()
    with locked(folder):
        try:
            yield Notebook(folder)
        except UserError:  # it came to its end, though without a winner: the next one begins anew
            remove(folder)
            raise
        remove(folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    path = folder / "lock"
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print("the same search is running elsewhere; waiting for it", file=sys.stderr, flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists() and os.path.samestat(path.stat(), os.fstat(lock.fileno())):
                yield
                return
        # Who had it removed the folder: it is done, and this one begins.
