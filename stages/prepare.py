"""Validate the images, split them, describe the splits, and corrupt a copy of the validation images."""

from collections.abc import Mapping

import numpy as np

from digits.config.load import parameter
from digits.config.schema import Classes, Prepare
from digits.core.cli import run_stage
from digits.core.files import read_array, read_json, remove, write_json
from digits.core.paths import CLASSES, PREPARED, RAW, REPORTS
from digits.data import corruptions, dataset, report
from digits.data.dataset import Split
from digits.data.hashes import hash_images
from digits.data.splits import HashedSplit, split_images


def main() -> str:
    prepare = parameter(Prepare, "prepare")
    arrays = {file.stem: read_array(file) for file in RAW.glob("*.npy")}
    train = dataset.validate_split(arrays, "train")
    test = dataset.validate_split(arrays, "test") if "x_test" in arrays else None
    classes = parameter(Classes, "data.classes") or class_names(train)
    dataset.validate_together(train, test, classes)
    hashed_test = add_hashes(test, "test", arrays) if test else None
    selections, left_out = split_images(add_hashes(train, "train", arrays), hashed_test, prepare, classes)

    remove(PREPARED)
    splits = {name: dataset.extract(selection, PREPARED / name) for name, selection in selections.items()}
    dataset.save(corrupt_validation(splits["validation"]), PREPARED / "validation_corrupted")
    write_json(CLASSES, classes)
    write_json(REPORTS / "data.json", report.describe(splits, len(left_out), classes))
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in splits.items())
    more = f"; {len(left_out):,} left out, because another split contains them" if len(left_out) else ""
    shape = dataset.format_shape(train.images.shape[1:])
    return f"{PREPARED}: {sizes} images of {shape}, {len(classes)} classes{more}"


def class_names(train: Split) -> tuple[str, ...]:
    file = RAW / "classes.json"
    if file.exists():
        return tuple(read_json(file))
    return tuple(map(str, range(int(train.labels.max()) + 1)))


def add_hashes(split: Split, name: str, arrays: Mapping[str, np.ndarray]) -> HashedSplit:
    """Add the hashes that `download` saved; it saves those of images only if it resized them."""
    images = arrays[f"hash_{name}"] if f"hash_{name}" in arrays else hash_images(split.images)
    return HashedSplit(split, images, arrays.get(f"group_{name}", images))


def corrupt_validation(validation: Split) -> Split:
    return Split(corruptions.corrupt_each_once(validation.images, corruptions.VALIDATION_STREAM), validation.labels)


if __name__ == "__main__":
    run_stage(main)
