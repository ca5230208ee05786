"""Load tables of pixels, in the format of Kaggle's MNIST: a row for each image, with its label and its pixels.

Messages of `UserError` complete the sentence "data.source: PATH …", which `sources.load` begins; those of `ValueError`
complete "FILE: …", which `load` begins.
"""

import re
from math import isqrt
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import csv, parquet

from digits.core.errors import UserError, reason
from digits.data.formats import DECODING_ERRORS, Arrays
from digits.data.hashes import hash_groups
from digits.data.image_folder import SOURCE_SPLITS, list_folder

TABLE_EXTENSIONS = (".csv", ".csv.gz", ".parquet")
LABEL = "label"
INTEGER, NUMBER = re.compile(r"0|-?[1-9][0-9]*"), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def find(path: Path) -> dict[str, Path]:
    """Return the tables named train and test in a folder without subfolders, or the path itself if it is a table."""
    if not path.is_dir():
        return {"train": path} if path.name.lower().endswith(TABLE_EXTENSIONS) else {}
    folders, files = list_folder(path)
    split_of = {f"{split}{extension}": split for split in SOURCE_SPLITS for extension in TABLE_EXTENSIONS}
    tables = {split_of[file.name]: file for file in files if file.name in split_of}
    if folders or not tables:
        return {}
    if "train" not in tables or len(tables) < len(files):
        names = ", ".join(file.name for file in files)
        raise UserError(
            f"holds {names}; there must be one table named train, there may be one named test, and nothing else"
        )
    return {split: tables[split] for split in SOURCE_SPLITS if split in tables}


def load(tables: dict[str, Path], group: str | None = None) -> tuple[Arrays, tuple[str, ...]]:
    """Return arrays, and the classes: the sorted labels of the training images, by value if all are integers."""
    arrays: Arrays = {}
    label_indices: dict[str, int] = {}
    for split, path in tables.items():
        try:
            images, labels, groups = read_columns(path, group)
        except DECODING_ERRORS as error:
            raise UserError(f"cannot be used: {path.name}: {reason(error)}") from None
        if split == "train":
            sort_key = int if all(map(INTEGER.fullmatch, set(labels))) else None
            label_indices = {label: index for index, label in enumerate(sorted(set(labels), key=sort_key))}
        if unknown := sorted(set(labels) - set(label_indices)):
            raise UserError(f"cannot be used: {path.name} has the label {unknown[0]}, which no training image has")
        arrays |= {f"x_{split}": images, f"y_{split}": np.array([label_indices[label] for label in labels])}
        if groups is not None:
            arrays[f"group_{split}"] = groups
    return arrays, tuple(label_indices)


def read_columns(path: Path, group: str | None) -> tuple[np.ndarray, list[str], np.ndarray | None]:
    """Return the images, the labels, and the hashes of the groups if there is a column of groups."""
    table = read_table(path, group)
    names = table.column_names
    if names.count(LABEL) != 1:
        first = f"the first is named {names[0]}" if names else "it has no columns"
        raise ValueError(f"one column must be named {LABEL}; {first}")
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two columns are named {repeated[0]}")
    if not table.num_rows:
        raise ValueError("it has no rows")
    labels, table = parse_labels(table.column(LABEL)), table.drop_columns(LABEL)
    groups = None
    if group:
        if group not in table.column_names:
            raise ValueError(f"it has no column {group}, which data.group names")
        names, table = table.column(group).to_pylist(), table.drop_columns(group)
        if None in names:
            raise ValueError(f"row {1 + names.index(None):,} has no group in column {group}")
        groups = hash_groups(names)
    shape = image_shape(table.num_columns)
    pixels = np.stack([pixel_values(name, table.column(name)) for name in table.column_names], axis=1)
    return pixels.reshape(-1, *shape), labels, groups


def parse_labels(column: pyarrow.ChunkedArray) -> list[str]:
    labels = [(label or "").strip() for label in column.cast(pyarrow.string()).to_pylist()]
    if "" in labels:
        raise ValueError(f"row {1 + labels.index(''):,} has no label")
    # Labels of a .csv are always read as strings, so fractions are found by pattern. Arrow's categories are strings.
    are_integers_or_words = pyarrow.types.is_integer(column.type) or isinstance(column[0].as_py(), str)
    are_fractions = all(map(NUMBER.fullmatch, labels)) and any("." in label for label in labels)
    if not are_integers_or_words or are_fractions:
        raise ValueError(f"labels must be whole numbers or words; the first is {column[0]}")
    return labels


def read_table(path: Path, group: str | None) -> pyarrow.Table:
    if path.name.lower().endswith(".parquet"):
        return parquet.read_table(path)
    # Labels and groups stay strings, because 01 is not 1. Only empty fields are missing: NA may be the name of a class.
    strings = dict.fromkeys((LABEL, group) if group else (LABEL,), pyarrow.string())
    options = {"column_types": strings, "null_values": [""], "strings_can_be_null": True}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(**options))


def image_shape(n_columns: int) -> tuple[int, ...]:
    """Return the shape of a square image. The three values of a coloured pixel are in adjacent columns."""
    grey_side, colour_side = isqrt(n_columns), isqrt(n_columns // 3)
    if n_columns and grey_side**2 == n_columns:
        return grey_side, grey_side
    if n_columns and 3 * colour_side**2 == n_columns:
        return colour_side, colour_side, 3
    raise ValueError(
        f"{n_columns:,} columns of pixels; the number must be a square (784 for 28 × 28), or 3 × a square for colour"
    )


def pixel_values(name: str, column: pyarrow.ChunkedArray) -> np.ndarray:
    allowed = "pixels must be whole numbers from 0 to 255"
    if not (pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type)):
        raise ValueError(f"column {name} has the type {column.type}; {allowed}")
    values = column.to_numpy()
    valid = (values >= 0) & (values <= 255) & (values == np.floor(values))  # a missing value is NaN, and not valid
    if not valid.all():
        row = int(valid.argmin())
        value = "nothing" if column[row].as_py() is None else column[row]
        raise ValueError(f"column {name} holds {value} in row {row + 1:,}; {allowed}")
    return values.astype(np.uint8)
