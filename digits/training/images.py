"""The images of a training, and how workers get them: from disk where they can, otherwise from the driver."""

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
    """A task, so that Dask sends the images to each worker once, and again if all workers that hold them die."""
    return splits


def open_data(data: TrainingData | StoredData) -> TrainingData:
    return load_stored(data) if isinstance(data, StoredData) else data


def has_data(stored: StoredData) -> bool:
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
