"""Trainings on disk after each segment, so that one that was killed goes on. Thrown away when all has ended well."""

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
    """Of the trainings of one search, or of a single training. Each is one file, whole or absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, run: TrainingRun) -> None:
        metadata = json.dumps({name: getattr(run, name) for name in METADATA_FIELDS})
        parts = {"metadata": metadata.encode(), "state": run.state or b"", "model": run.model or b""}
        with atomic_write(self.file(run)) as new, zipfile.ZipFile(new, "w") as file:
            for name, content in parts.items():
                file.writestr(name, content)

    def restore(self, run: TrainingRun) -> None:
        """To where it was; a file that is damaged counts as absent."""
        try:
            with zipfile.ZipFile(self.file(run)) as file:
                metadata = json.loads(file.read("metadata"))
                state, model = (file.read(name) or None for name in ("state", "model"))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return
        run.add(SegmentResult(**metadata, state=state, model=model))

    def forget(self) -> None:
        for file in self.folder.glob("*.zip"):
            remove(file)

    def file(self, run: TrainingRun) -> Path:
        return self.folder / f"{run.name}.zip"


@contextmanager
def checkpoint(fingerprint: str) -> Iterator[Checkpoint]:
    """Under the repository's root, not in the current folder, which may be an experiment's copy."""
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
        remove(lock.lock_file)  # before the release: whoever waits notices, and makes a new one
    finally:
        lock.release()
