"""Checkpoints of training runs, saved after each segment, so that the runs can be resumed."""

import json
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from digits.core.files import atomic_write, remove
from digits.training.jobs import SegmentResult, TrainingRun

METADATA_FIELDS = ("epochs", "failure", "n_parameters", "multiply_adds", "seconds", "cpu_seconds")


class CheckpointFolder:
    """The checkpoints of one training run, or of all trials of a search: a zip file per training run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, run: TrainingRun) -> None:
        metadata = json.dumps({name: getattr(run, name) for name in METADATA_FIELDS})
        members = {"metadata": metadata.encode(), "state": run.state or b"", "model": run.model or b""}
        with atomic_write(self.file(run)) as path, zipfile.ZipFile(path, "w") as file:
            for name, content in members.items():
                file.writestr(name, content)

    def restore(self, run: TrainingRun) -> None:
        """Add the saved epochs and state to a new run. A missing or damaged file is ignored."""
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
def open_checkpoint_folders(fingerprints: Iterable[str]) -> Iterator[dict[str, CheckpointFolder]]:
    """Open a folder for each fingerprint. None is removed before the `with` block succeeds."""
    with ExitStack() as stack:
        # Sorted, because two processes that lock the same folders in different orders would wait for each other.
        yield {name: stack.enter_context(open_checkpoint_folder(name)) for name in sorted(fingerprints)}


@contextmanager
def open_checkpoint_folder(fingerprint: str) -> Iterator[CheckpointFolder]:
    """Lock the folder of this fingerprint, and remove it when the `with` block succeeds.

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
        yield CheckpointFolder(folder)
        remove(folder)
        remove(lock.lock_file)  # before the release: processes that wait for it notice, and create a new one
    finally:
        lock.release()
