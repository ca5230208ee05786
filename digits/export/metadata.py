"""What an exported model tells of itself, inside its own file: its name, its classes, and how a picture is laid for it.

Written and read without TensorFlow, whichever of the formats it is.
"""

import zipfile
from pathlib import Path

import h5py
from pydantic import BaseModel, ConfigDict

from digits.common.errors import UserError
from digits.inference.preprocessing import Preprocessing

MEMBER = "digits.json"  # of a .keras file, which is a zip
ATTRIBUTE = "digits"  # of an HDF5 file's root
EXTRA = Path("assets.extra", MEMBER)  # in a SavedModel, where TensorFlow leaves room for others


class Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    classes: tuple[str, ...]
    placing: Preprocessing


def write(path: Path, about: Metadata) -> None:
    text = about.model_dump_json()
    if path.is_dir():
        (path / EXTRA).parent.mkdir()
        (path / EXTRA).write_text(text, encoding="utf-8", newline="\n")
    elif path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file.attrs[ATTRIBUTE] = text
    else:
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(zipfile.ZipInfo(MEMBER), text)  # ZipInfo's own date: 1980


def read(path: Path) -> Metadata | None:
    """None where the model tells nothing of itself."""
    try:
        text = text_in(path)
        return None if text is None else Metadata.model_validate_json(text)
    except Exception as error:  # a zip, an HDF5 and a JSON file can each be broken in many ways
        why = "; ".join(line.strip() for line in str(error).splitlines() if "errors.pydantic.dev" not in line)
        raise UserError(f"{path} does not say what it is ({why}); `dvc repro --force export` makes it again") from None


def text_in(path: Path) -> str | bytes | None:
    if path.is_dir():
        return (path / EXTRA).read_bytes() if (path / EXTRA).exists() else None
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            return file.attrs.get(ATTRIBUTE)
    with zipfile.ZipFile(path) as file:
        return file.read(MEMBER) if MEMBER in file.namelist() else None
