"""Validate the images, split them, describe the splits, and corrupt a copy of the validation images."""

import numpy as np

from digits.config.load import parameter
from digits.config.schema import Classes, Prepare
from digits.core.cli import run_stage
from digits.core.files import read_array, read_json, remove, write_json
from digits.core.paths import CLASSES, PREPARED, RAW, REPORTS
from digits.data import corruptions, dataset, report
from digits.data.dataset import Selection, Split
from digits.data.splits import sample, split_off


def main() -> str:
    prepare = parameter(Prepare, "prepare")
    arrays = {file.stem: read_array(file) for file in RAW.glob("*.npy")}
    train = dataset.validate_split(arrays, "train")
    test = dataset.validate_split(arrays, "test") if "x_test" in arrays else None
    classes = parameter(Classes, "data.classes") or class_names(train)
    dataset.validate_together(train, test, classes)
    selections = split_images(train, test, prepare)

    remove(PREPARED)
    splits = {name: dataset.extract(selection, PREPARED / name) for name, selection in selections.items()}
    dataset.save(corrupt_validation(splits["validation"]), PREPARED / "validation_corrupted")
    write_json(CLASSES, classes)
    write_json(REPORTS / "data.json", report.describe(splits, classes))
    sizes = ", ".join(f"{len(split):,} {name}" for name, split in splits.items())
    return f"{PREPARED}: {sizes} images of {dataset.format_shape(train.images.shape[1:])}, {len(classes)} classes"


def class_names(train: Split) -> tuple[str, ...]:
    file = RAW / "classes.json"
    if file.exists():
        return tuple(read_json(file))
    return tuple(map(str, range(int(train.labels.max()) + 1)))


def split_images(train: Split, test: Split | None, prepare: Prepare) -> dict[str, Selection]:
    selections = [Selection(split, np.arange(len(split))) for split in (train, test) if split]
    if test is None:
        selections = split_off(*selections, prepare.test_share, prepare.seed, "testing")
    train, test = (sample(selection, prepare.share, prepare.seed) for selection in selections)
    train, validation = split_off(train, prepare.validation_share, prepare.seed, "validation")
    return {"train": train, "validation": validation, "test": test}


def corrupt_validation(validation: Split) -> Split:
    return Split(corruptions.corrupt_each_once(validation.images, corruptions.VALIDATION_STREAM), validation.labels)


if __name__ == "__main__":
    run_stage(main)
