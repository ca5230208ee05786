"""Labelled images: validation, and storage of a split on disk."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from digits.core.errors import UserError
from digits.core.files import read_array, write_array, write_parts

CHUNK_SIZE = 1000  # images copied from file to file at a time


@dataclass(frozen=True)
class Split:
    images: np.ndarray  # uint8, n × height × width × channels
    labels: np.ndarray  # int32, n
    folder: Path | None = None  # where it was loaded from

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Split":
        return Split(self.images[indices], self.labels[indices])

    @cached_property
    def digest(self) -> str:
        sha256 = hashlib.sha256()
        for array in (self.images, self.labels):
            sha256.update(f"{array.dtype.str}{array.shape}".encode())
            sha256.update(np.ascontiguousarray(array).data)
        return sha256.hexdigest()


@dataclass(frozen=True)
class Selection:
    """Some images of a split, by index. Images are read when the selection is extracted, not before."""

    split: Split
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        return self.split.labels[self.indices]

    def take(self, indices: np.ndarray) -> "Selection":
        """Select again: `indices`, or a mask, refer to this selection."""
        return Selection(self.split, self.indices[indices])


def save(split: Split, folder: Path) -> None:
    write_array(folder / "images.npy", split.images)
    write_array(folder / "labels.npy", split.labels)


def extract(selection: Selection, folder: Path) -> Split:
    """Save the selected images and labels as a split, and load it."""
    images, indices = selection.split.images, selection.indices
    chunks = (images[indices[start : start + CHUNK_SIZE]] for start in range(0, len(indices), CHUNK_SIZE))
    write_parts(folder / "images.npy", chunks, (len(indices), *images.shape[1:]), images.dtype)
    write_array(folder / "labels.npy", selection.labels)
    return load(folder)


def load(folder: Path) -> Split:
    split = Split(read_array(folder / "images.npy"), read_array(folder / "labels.npy"), folder.absolute())
    if len(split.images) != len(split.labels):
        raise UserError(
            f"{folder} holds {len(split.images)} images and {len(split)} labels, and there must be one label for each "
            "image; run `dvc repro --force prepare` to create them again"
        )
    return split


def validate_split(arrays: Mapping[str, np.ndarray], name: str) -> Split:
    """Return the images x_NAME and labels y_NAME as a split, or raise an error if they are not valid."""
    x, y = f"x_{name}", f"y_{name}"
    if missing := [key for key in (x, y) if key not in arrays]:
        are = "are" if len(missing) > 1 else "is"
        raise UserError(
            f"{' and '.join(missing)} {are} missing in the downloaded data; run `dvc repro` to download it again"
        )
    images, labels = validate_images(x, arrays[x]), validate_labels(y, arrays[y])
    if len(images) != len(labels):
        raise UserError(f"{x} has {len(images)} images but {y} has {len(labels)} labels; each image needs one label")
    return Split(images, labels)


def validate_images(name: str, images: np.ndarray) -> np.ndarray:
    if images.size == 0:
        raise UserError(f"{name} is empty (shape {images.shape}); there must be images")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] not in (1, 3)):
        allowed = "count × height × width, or that × 1 (grey) or × 3 (colour)"
        raise UserError(f"{name} has shape {images.shape}; it must be {allowed}")
    if np.issubdtype(images.dtype, np.floating) and not np.isfinite(images).all():
        invalid = (~np.isfinite(images)).reshape(len(images), -1).any(axis=1)
        raise UserError(f"{name} holds NaN or infinity in {invalid.sum()} images; remove or repair them")
    if images.dtype != np.uint8:
        allowed = "uint8, 0 to 255 (for floats in 0..1: (x * 255).astype('uint8'))"
        raise UserError(f"{name} is {images.dtype}; pixels must be {allowed}")
    return images if images.ndim == 4 else images[..., np.newaxis]


def validate_labels(name: str, labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 1:
        allowed = "one number each, in one dimension (one-hot: y.argmax(axis=1))"
        raise UserError(f"{name} has shape {labels.shape}; labels must be {allowed}")
    if np.issubdtype(labels.dtype, np.floating):
        fractions = labels[~(np.isfinite(labels) & (labels == np.floor(labels)))]
        example = f", such as {fractions[0]}" if len(fractions) else ""
        raise UserError(f"{name} is {labels.dtype}{example}; labels must be integers (if whole: y.astype('int32'))")
    if labels.dtype.kind not in "iu":
        raise UserError(f"{name} is {labels.dtype}; labels must be integers from 0")
    if labels.size and int(labels.min()) < 0:
        raise UserError(f"{name} holds the label {labels.min()}; labels must be integers from 0")
    if labels.size and int(labels.max()) >= len(labels):
        raise UserError(
            f"{name} holds the label {labels.max()} but only {len(labels)} labels; number the classes 0, 1, 2, …"
        )
    return labels.astype(np.int32)


def validate_together(train: Split, test: Split | None, classes: tuple[str, ...]) -> None:
    """Check that training and test images have the same shape, and that both contain every class, two or more."""
    if test is not None and test.images.shape[1:] != train.images.shape[1:]:
        train_shape, test_shape = (format_shape(split.images.shape[1:]) for split in (train, test))
        raise UserError(
            f"x_train's images are {train_shape} but x_test's are {test_shape}; "
            "height, width and channels must be the same"
        )
    if len(classes) < 2:
        raise UserError(f"there is only one class, {classes[0]}; a classifier needs two or more")
    for name, split in (("y_train", train), ("y_test", test)):
        if split is None:
            continue
        if int(split.labels.max()) >= len(classes):
            raise UserError(
                f"{name} holds the label {split.labels.max()} but there are {len(classes)} classes "
                f"({join_names(classes)}); labels must be 0 to {len(classes) - 1}, or data.classes in params.yaml must "
                "name more"
            )
        counts = np.bincount(split.labels, minlength=len(classes))
        if empty := [classes[label] for label in np.flatnonzero(counts == 0)]:
            raise UserError(
                f"{name} has no image of {join_names(empty)}; each of the {len(classes)} classes needs some "
                "(remove a class that does not exist from data.classes)"
            )


def format_shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def join_names(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
