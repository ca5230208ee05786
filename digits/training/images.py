"""The images of a training, as the driver finds them and as its workers get them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socket import gethostname

from digits.core.errors import UserError
from digits.core.paths import PREPARED
from digits.data import dataset
from digits.data.dataset import Split

Images = tuple[Split, Split, Split]  # for training, for validation, and the latter made harder


@dataclass(frozen=True)
class StoredImages:
    """Folders that hold the images, for workers that find the same there."""

    folders: tuple[Path, ...]
    digests: tuple[str, ...]


def training_images() -> Images:
    return tuple(dataset.load(PREPARED / part) for part in ("train", "validation", "validation_corrupted"))


def share_images(*images: Split) -> Images:
    """A task of its own: Dask sends the images to a worker once, and sends them again if all that have them die."""
    return images


def open_images(images: Images | StoredImages) -> Images:
    return load(images) if isinstance(images, StoredImages) else images


def has_images(stored: StoredImages) -> bool:
    try:
        return bool(load(stored))
    except UserError:
        return False


@cache
def load(stored: StoredImages) -> Images:
    images = tuple(map(dataset.load, stored.folders))
    for split, digest in zip(images, stored.digests, strict=True):
        if split.digest != digest:
            raise UserError(f"{split.folder} on {gethostname()} does not hold the images that are trained on")
    return images
