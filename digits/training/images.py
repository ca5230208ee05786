"""The images of a training run. Workers read them from disk if they can; otherwise the stage's process sends them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socket import gethostname

from digits.core.errors import UserError
from digits.core.paths import PREPARED
from digits.data import dataset
from digits.data.dataset import Split

TrainingData = tuple[Split, Split, Split]  # training, validation and corrupted validation images


@dataclass(frozen=True)
class StoredData:
    """Training data as folders and digests, for workers that can read the same files."""

    folders: tuple[Path, ...]
    digests: tuple[str, ...]


def load_training_data() -> TrainingData:
    return tuple(dataset.load(PREPARED / part) for part in ("train", "validation", "validation_corrupted"))


def as_tuple(*splits: Split) -> TrainingData:
    """Return the splits, as the result of a task of Dask.

    Dask sends a result to each worker once, and repeats the task if all workers that hold the result die.
    """
    return splits


def open_data(data: TrainingData | StoredData) -> TrainingData:
    return load_stored(data) if isinstance(data, StoredData) else data


def has_data(stored: StoredData) -> bool:
    """Return whether this process can read these images."""
    try:
        return bool(load_stored(stored))
    except UserError:
        return False


@cache
def load_stored(stored: StoredData) -> TrainingData:
    data = tuple(map(dataset.load, stored.folders))
    for split, digest in zip(data, stored.digests, strict=True):
        if split.digest != digest:
            raise UserError(f"{split.folder} on {gethostname()} does not hold the images of this training")
    return data
