"""Metadata inside an exported model: its name, its classes, and how to preprocess a new image for it.

Written and read without TensorFlow, whatever the format.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
from pydantic import BaseModel, ConfigDict

from digits.data.preprocessing import Preprocessing

MEMBER = "digits.json"  # of a .keras file, which is a zip, or of the zip that may follow a .tflite model
ATTRIBUTE = "digits"  # of an HDF5 file's root
EXTRA = Path("assets.extra", MEMBER)  # the folder of a SavedModel that TensorFlow leaves to others


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing


class Storage(NamedTuple):
    """How a kind of file keeps a text of ours; None is read where it keeps none."""

    write: Callable[[Path, str], None]
    read: Callable[[Path], str | bytes | None]


def write_to_zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(zipfile.ZipInfo(MEMBER), text)  # a ZipInfo is dated 1980: equal models stay equal files


def read_from_zip(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as file:
        return file.read(MEMBER) if MEMBER in file.namelist() else None


def read_from_zip_behind(path: Path) -> bytes | None:
    """None, too, where none follows the model: nobody else writes one there."""
    with path.open("rb") as file:
        followed = zipfile.is_zipfile(file)
    return read_from_zip(path) if followed else None


def write_to_hdf5(path: Path, text: str) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs[ATTRIBUTE] = text


def read_from_hdf5(path: Path) -> str | None:
    with h5py.File(path) as file:
        return file.attrs.get(ATTRIBUTE)


def write_to_folder(path: Path, text: str) -> None:
    (path / EXTRA).parent.mkdir()
    (path / EXTRA).write_text(text, encoding="utf-8", newline="\n")


def read_from_folder(path: Path) -> bytes | None:
    return (path / EXTRA).read_bytes() if (path / EXTRA).exists() else None


ZIP = Storage(write_to_zip, read_from_zip)
ZIP_BEHIND = Storage(write_to_zip, read_from_zip_behind)
HDF5 = Storage(write_to_hdf5, read_from_hdf5)
FOLDER = Storage(write_to_folder, read_from_folder)
