"""Check the images, split them, report what they are, and make a hard version of the validation images."""

import numpy as np

from digits.config.load import parameter
from digits.config.schema import Classes, Prepare
from digits.core.cli import run
from digits.core.files import read_array, read_json, remove, write_json
from digits.core.paths import CLASSES, PREPARED, RAW, REPORTS
from digits.data import corruptions, dataset, report, splits
from digits.data.dataset import Selection, Split


def main() -> str:
    prepare = parameter(Prepare, "prepare")
    arrays = {file.stem: read_array(file) for file in RAW.glob("*.npy")}
    train = dataset.accept(arrays, "train")
    test = dataset.accept(arrays, "test") if "x_test" in arrays else None
    classes = parameter(Classes, "data.classes") or class_names(train)
    dataset.accept_together(train, test, classes)
    selected = separate(train, test, prepare)

    remove(PREPARED)
    parts = {name: dataset.extract(part, PREPARED / name) for name, part in selected.items()}
    dataset.save(corrupt_validation(parts["validation"]), PREPARED / "validation_corrupted")
    write_json(CLASSES, classes)
    write_json(REPORTS / "data.json", report.describe(parts, classes))
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in parts.items())
    return f"{PREPARED}: {sizes} images of {dataset.shape_text(train.images.shape[1:])}, {len(classes)} classes"


def class_names(train: Split) -> tuple[str, ...]:
    own = RAW / "classes.json"
    if own.exists():
        return tuple(read_json(own))
    return tuple(map(str, range(int(train.labels.max()) + 1)))


def separate(train: Split, test: Split | None, prepare: Prepare) -> dict[str, Selection]:
    whole = [Selection(part, np.arange(len(part))) for part in (train, test) if part]
    if test is None:
        whole = splits.split_off(*whole, prepare.test_share, prepare.seed, "testing")
    train, test = (splits.sample(part, prepare.share, prepare.seed) for part in whole)
    train, validation = splits.split_off(train, prepare.validation_share, prepare.seed, "validation")
    return {"train": train, "validation": validation, "test": test}


def corrupt_validation(validation: Split) -> Split:
    return Split(corruptions.mixed(validation.images, corruptions.VALIDATION), validation.labels)


if __name__ == "__main__":
    run(main)
