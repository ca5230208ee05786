"""Files and folders that are whole or absent: written under a temporary name, then renamed."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from digits.core.errors import UserError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Keras and NumPy choose a format by the ending, so the temporary name keeps it.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        remove(temporary)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """What is written to the folder given takes the place of `path` in the end, or never."""
    new, old = path.with_name(f".{path.name}-new"), path.with_name(f".{path.name}-old")
    settle(path, new, old)  # what a killed run left
    new.mkdir(parents=True)
    try:
        yield new
        if path.exists():  # a folder that holds something cannot be renamed over
            os.replace(path, old)
        os.replace(new, path)
    finally:
        settle(path, new, old)


def settle(path: Path, new: Path, old: Path) -> None:
    if old.exists() and not path.exists():  # it ended between the two renames
        os.replace(old, path)
    remove(old)
    remove(new)


def remove(path: str | Path) -> None:
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_bytes(path: str | Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); `dvc repro` makes it again") from None


def write_array(path: str | Path, array: np.ndarray) -> None:
    with replacing(path) as temporary:
        np.save(temporary, array, allow_pickle=False)


def write_parts(path: str | Path, parts: Iterable[np.ndarray], shape: tuple[int, ...], dtype: np.dtype) -> None:
    """An array as `write_array` writes it, of which no more than a part is in memory."""
    head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, head)
        for part in parts:
            file.write(np.ascontiguousarray(part).data)


def read_array(path: str | Path) -> np.ndarray:
    """Memory-mapped: opening costs nothing and processes share the pages."""
    try:
        # Copied where it is written to: TensorFlow takes no array as it lies in memory that cannot be written to.
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # NumPy reads the head as Python, and fails in as many ways
        raise UserError(f"{path} cannot be read ({error}); `dvc repro` makes it again") from None
