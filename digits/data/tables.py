"""Tables of pixels, as Kaggle gives MNIST: a row for each image, with its label and its pixels."""

import re
from math import isqrt
from pathlib import Path

import numpy as np
import pyarrow
from pyarrow import csv, parquet

from digits.core.errors import UserError, reason
from digits.data.formats import UNREADABLE, Arrays
from digits.data.image_folder import PARTS, entries

ENDINGS = (".csv", ".csv.gz", ".parquet")
LABEL = "label"
WHOLE, NUMBER = re.compile(r"0|-?[1-9][0-9]*"), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def find(path: Path) -> dict[str, Path]:
    """train.csv and test.csv, or the like, in a folder that holds no folders; or the table itself."""
    if not path.is_dir():
        return {"train": path} if path.name.lower().endswith(ENDINGS) else {}
    folders, files = entries(path)
    named = {f"{part}{ending}": part for part in PARTS for ending in ENDINGS}
    tables = [each for each in files if each.name in named]
    if folders or not tables:
        return {}
    found = {named[each.name]: each for each in tables}
    if "train" not in found or len(found) < len(files):
        holds = ", ".join(each.name for each in files)
        raise UserError(
            f"holds {holds}; there must be one table named train, there may be one named test, and nothing else"
        )
    return {part: found[part] for part in PARTS if part in found}


def load(tables: dict[str, Path]) -> tuple[Arrays, tuple[str, ...]]:
    """Sorted, the labels are the classes: by value where all are whole numbers."""
    arrays: Arrays = {}
    places: dict[str, int] = {}
    for part, path in tables.items():
        try:
            images, labels = images_and_labels(path)
        except UNREADABLE as error:
            raise UserError(f"cannot be used: {path.name}: {reason(error)}") from None
        if part == "train":
            order = int if all(map(WHOLE.fullmatch, set(labels))) else None
            places = {label: place for place, label in enumerate(sorted(set(labels), key=order))}
        if other := sorted(set(labels) - set(places)):
            raise UserError(f"cannot be used: {path.name} has the label {other[0]}, which no training image has")
        arrays |= {f"x_{part}": images, f"y_{part}": np.array([places[label] for label in labels])}
    return arrays, tuple(places)


def images_and_labels(path: Path) -> tuple[np.ndarray, list[str]]:
    table = read(path)
    names = table.column_names
    if names.count(LABEL) != 1:
        first = f"the first is named {names[0]}" if names else "it has no columns"
        raise ValueError(f"one column must be named {LABEL}; {first}")
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two columns are named {repeated[0]}")
    if not table.num_rows:
        raise ValueError("it holds no rows")
    labels, table = table.column(LABEL), table.drop_columns(LABEL)
    written = [(label or "").strip() for label in labels.cast(pyarrow.string()).to_pylist()]
    if "" in written:
        raise ValueError(f"row {1 + written.index(''):,} has no label")
    # A column of words may be one of categories; and one of fractions, in a .csv, are words that all look like numbers.
    words = pyarrow.types.is_integer(labels.type) or isinstance(labels[0].as_py(), str)
    if not words or (all(map(NUMBER.fullmatch, written)) and any("." in label for label in written)):
        raise ValueError(f"labels must be whole numbers or words; the first is {labels[0]}")
    shape = image_shape(table.num_columns)
    pixels = np.stack([whole_numbers(name, table.column(name)) for name in table.column_names], axis=1)
    return pixels.reshape(-1, *shape), written


def read(path: Path) -> pyarrow.Table:
    if path.name.lower().endswith(".parquet"):
        return parquet.read_table(path)
    # Labels as they are written, for 01 is not 1. Only what is empty is missing: NA may be the name of a class.
    options = {"column_types": {LABEL: pyarrow.string()}, "null_values": [""], "strings_can_be_null": True}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(**options))


def image_shape(count: int) -> tuple[int, ...]:
    """Of squares; in colour, the three values of a pixel follow one another."""
    grey, coloured = isqrt(count), isqrt(count // 3)
    if count and grey**2 == count:
        return grey, grey
    if count and 3 * coloured**2 == count:
        return coloured, coloured, 3
    raise ValueError(
        f"{count:,} columns of pixels: the number must be a square (784 for 28 × 28), or for colours three times one"
    )


def whole_numbers(name: str, column: pyarrow.ChunkedArray) -> np.ndarray:
    found = f"column {name} holds {{}} where whole numbers from 0 to 255 belong".format
    if not (pyarrow.types.is_integer(column.type) or pyarrow.types.is_floating(column.type)):
        raise ValueError(found(column.type))
    numbers = column.to_numpy()
    right = (numbers >= 0) & (numbers <= 255) & (numbers == np.floor(numbers))  # NaN, where one is missing, is not
    if not right.all():
        row = int(right.argmin())
        raise ValueError(found(f"{'nothing' if column[row].as_py() is None else column[row]} in row {row + 1:,}"))
    return numbers.astype(np.uint8)
