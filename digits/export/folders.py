"""Folders that are whole or absent: written under another name, then put in place of the old one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digits.common.files import remove


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """What is written to the folder given takes the place of `path` at the end, or never."""
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
