"""Saves trainings after each segment, so that they can be resumed. The files are removed when all have succeeded."""

import json
import os
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from digits.core.files import atomic_write, remove
from digits.training.jobs import SegmentResult, TrainingRun

METADATA_FIELDS = ("epochs", "failure", "parameters", "multiply_adds", "seconds", "core_seconds")


class Checkpoint:
    """The checkpoint of a training or of all trials of a search: a folder with one file per training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, run: TrainingRun) -> None:
        metadata = json.dumps({name: getattr(run, name) for name in METADATA_FIELDS})
        members = {"metadata": metadata.encode(), "state": run.state or b"", "model": run.model or b""}
        with atomic_write(self.file(run)) as path, zipfile.ZipFile(path, "w") as file:
            for name, content in members.items():
                file.writestr(name, content)

    def restore(self, run: TrainingRun) -> None:
        """Add the saved epochs and state to a new run, if there are any. A damaged file is ignored."""
        try:
            with zipfile.ZipFile(self.file(run)) as file:
                metadata = json.loads(file.read("metadata"))
                state, model = (file.read(name) or None for name in ("state", "model"))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return
        run.add(SegmentResult(**metadata, state=state, model=model))

    def clear(self) -> None:
        for file in self.folder.glob("*.zip"):
            remove(file)

    def file(self, run: TrainingRun) -> Path:
        return self.folder / f"{run.name}.zip"


@contextmanager
def open_checkpoint(fingerprint: str) -> Iterator[Checkpoint]:
    """Lock the checkpoint of this fingerprint, and remove it on success.

    It is in the root of the repository: the current folder may be a temporary copy for an experiment.
    """
    folder = Path(os.environ.get("DVC_ROOT", "."), ".checkpoints", fingerprint).resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print("the same training is running elsewhere; waiting for it", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield Checkpoint(folder)
        remove(folder)
        remove(lock.lock_file)  # before the release: processes that wait for it notice, and create a new one
    finally:
        lock.release()
