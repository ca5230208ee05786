"""The user's own images: a folder of pictures, tables of pixels, or an .npz file of arrays.

An error is said of the source, whose name goes before it.
"""

import difflib
import os
from contextlib import suppress
from pathlib import Path

from digits.common.errors import UserError, reason
from digits.data import image_folder, tables
from digits.data.formats import KEYS, Arrays, read_npz


def load(source: str, size: int | None, names: tuple[str, ...]) -> tuple[Arrays, tuple[str, ...] | None]:
    path = locate(source, names)
    found = tables.find(path)
    if path.is_dir() and not found:
        return image_folder.load(path, size)
    refuse(size)
    return tables.load(found) if found else (load_npz(path), None)


def locate(source: str, names: tuple[str, ...]) -> Path:
    # Not the current folder: an experiment runs in a copy of what git knows, and git does not know these files.
    with suppress(RuntimeError):  # ~name, where nobody has that name
        path = Path(os.environ.get("DVC_ROOT", "."), Path(source).expanduser())
        if source and path.exists():
            return path
    near = difflib.get_close_matches(source.lower().replace("-", "_"), names, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    allowed = f"{', '.join(names)}, or the path of a folder of pictures, of a .csv, a .parquet or an .npz file"
    raise UserError(f"is neither a known name nor an existing path{guess} (allowed: {allowed})")


def refuse(size: int | None) -> None:
    if size is not None:
        raise UserError(f"has a size of its own; data.size = {size} is for folders of pictures, and must be null here")


def load_npz(path: Path) -> Arrays:
    try:
        with path.open("rb") as file:
            arrays, found = read_npz(file)
    except Exception as error:  # NumPy's reader does not expect every way in which a file can be damaged
        how = "make it with numpy.savez_compressed"
        raise UserError(f"is not a complete .npz file of arrays ({reason(error)}); {how}") from None
    needed = KEYS if {"x_test", "y_test"} & set(found) else KEYS[:2]
    if missing := [key for key in needed if key not in arrays]:
        raise UserError(
            f"lacks {' and '.join(missing)} and has {', '.join(found) or 'no arrays at all'}; "
            "x_train and y_train must be there, x_test and y_test may be, both or neither"
        )
    return arrays
