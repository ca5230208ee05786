"""Atomic writes: files and folders are written under a temporary name, then renamed."""

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
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path for a file or a new folder, which is renamed to `path` when the block succeeds."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The temporary name keeps the extension, by which Keras and NumPy choose a format.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        remove(temporary)


@contextmanager
def replace_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder, which replaces `path` and all its files when the block succeeds."""
    new, old = path.with_name(f".{path.name}-new"), path.with_name(f".{path.name}-old")
    recover_swap(path, new, old)  # after a run that was killed
    new.mkdir(parents=True)
    try:
        yield new
        if path.exists():  # os.replace cannot overwrite a folder with files
            os.replace(path, old)
        os.replace(new, path)
    finally:
        recover_swap(path, new, old)


def recover_swap(path: Path, new: Path, old: Path) -> None:
    """Restore the old folder where a run was killed between the two renames, and remove leftovers."""
    if old.exists() and not path.exists():
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
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); run `dvc repro` to create it again") from None


def write_array(path: str | Path, array: np.ndarray) -> None:
    with atomic_write(path) as temporary:
        np.save(temporary, array, allow_pickle=False)


def write_parts(path: str | Path, parts: Iterable[np.ndarray], shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Write an array in the format of `write_array`, with only one part in memory at a time."""
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(part).data)


def read_array(path: str | Path) -> np.ndarray:
    """Return a memory-mapped array: it opens at once, and processes share its pages."""
    try:
        # Copy-on-write, because TensorFlow copies arrays in read-only memory.
        return np.load(path, mmap_mode="c", allow_pickle=False)
    except Exception as error:  # NumPy evaluates the header as Python, so any exception is possible
        raise UserError(f"{path} cannot be read ({error}); run `dvc repro` to create it again") from None
