"""Labelled images: what is accepted as such, and how a split lies on disk."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from digits.core.errors import UserError
from digits.core.files import read_array, write_array, write_parts

Arrays = Mapping[str, np.ndarray]
AT_ONCE = 1000  # images on their way from one file to another


@dataclass(frozen=True)
class Split:
    images: np.ndarray  # uint8, count × height × width × channels
    labels: np.ndarray  # int32, count
    folder: Path | None = None  # that it was loaded from

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: np.ndarray) -> "Split":
        return Split(self.images[which], self.labels[which])

    @cached_property
    def digest(self) -> str:
        content = hashlib.sha256()
        for array in (self.images, self.labels):
            content.update(f"{array.dtype.str}{array.shape}".encode())
            content.update(np.ascontiguousarray(array).data)
        return content.hexdigest()


@dataclass(frozen=True)
class Selection:
    """Some images of a split, by their places: none is read before it is extracted."""

    split: Split
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    @property
    def labels(self) -> np.ndarray:
        return self.split.labels[self.places]

    def take(self, which: np.ndarray) -> "Selection":
        return Selection(self.split, self.places[which])


def save(split: Split, folder: Path) -> None:
    write_array(folder / "images.npy", split.images)
    write_array(folder / "labels.npy", split.labels)


def extract(part: Selection, folder: Path) -> Split:
    images = part.split.images
    few = (images[part.places[start : start + AT_ONCE]] for start in range(0, len(part), AT_ONCE))
    write_parts(folder / "images.npy", few, (len(part), *images.shape[1:]), images.dtype)
    write_array(folder / "labels.npy", part.labels)
    return load(folder)


def load(folder: Path) -> Split:
    split = Split(read_array(folder / "images.npy"), read_array(folder / "labels.npy"), folder.absolute())
    if len(split.images) != len(split.labels):
        raise UserError(
            f"{folder} holds {len(split.images)} images and {len(split)} labels; `dvc repro --force prepare` mends it"
        )
    return split


def accept(arrays: Arrays, part: str) -> Split:
    """The images x_PART with their labels y_PART, if they are what the library can work with."""
    x, y = f"x_{part}", f"y_{part}"
    if missing := [name for name in (x, y) if name not in arrays]:
        are = "are" if len(missing) > 1 else "is"
        raise UserError(f"{' and '.join(missing)} {are} missing where the images were downloaded; `dvc repro` gets it")
    images, labels = accept_images(x, arrays[x]), accept_labels(y, arrays[y])
    if len(images) != len(labels):
        raise UserError(f"{x} has {len(images)} images but {y} has {len(labels)} labels; each image needs one label")
    return Split(images, labels)


def accept_images(name: str, images: np.ndarray) -> np.ndarray:
    if images.size == 0:
        raise UserError(f"{name} is empty (shape {images.shape}); there must be images")
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[-1] not in (1, 3)):
        allowed = "count × height × width, or that × 1 (grey) or × 3 (colour)"
        raise UserError(f"{name} has shape {images.shape}; it must be {allowed}")
    if np.issubdtype(images.dtype, np.floating) and not np.isfinite(images).all():
        broken = (~np.isfinite(images)).reshape(len(images), -1).any(axis=1)
        raise UserError(f"{name} holds NaN or infinity in {broken.sum()} images; remove or mend them")
    if images.dtype != np.uint8:
        allowed = "uint8, 0 to 255 (for floats in 0..1: (x * 255).astype('uint8'))"
        raise UserError(f"{name} is {images.dtype}; pixels must be {allowed}")
    return images if images.ndim == 4 else images[..., np.newaxis]


def accept_labels(name: str, labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 1:
        how = "in one dimension (one-hot: y.argmax(axis=1))"
        raise UserError(f"{name} has shape {labels.shape}; labels must be one number each, {how}")
    if np.issubdtype(labels.dtype, np.floating):
        odd = labels[~(np.isfinite(labels) & (labels == np.floor(labels)))]
        example = f", such as {odd[0]}" if len(odd) else ""
        raise UserError(f"{name} is {labels.dtype}{example}; labels must be integers (if whole: y.astype('int32'))")
    if labels.dtype.kind not in "iu":
        raise UserError(f"{name} is {labels.dtype}; labels must be integers from 0")
    if labels.size and int(labels.min()) < 0:
        raise UserError(f"{name} goes down to {labels.min()}; labels must be integers from 0")
    if labels.size and int(labels.max()) >= len(labels):
        raise UserError(f"{name} goes up to {labels.max()} with {len(labels)} labels; number the classes 0, 1, 2, …")
    return labels.astype(np.int32)


def accept_together(train: Split, test: Split | None, classes: tuple[str, ...]) -> None:
    """What can only be seen of all images at once: one shape, and every class in every part."""
    if test is not None and test.images.shape[1:] != train.images.shape[1:]:
        one, other = (shape_text(part.images.shape[1:]) for part in (train, test))
        raise UserError(
            f"x_train's images are {one} but x_test's are {other}; height, width and channels must be the same"
        )
    for name, part in (("y_train", train), ("y_test", test)):
        if part is None:
            continue
        if len(classes) < 2:
            raise UserError(f"{name} holds one class only; a classifier needs two or more")
        if int(part.labels.max()) >= len(classes):
            raise UserError(
                f"{name} goes up to {part.labels.max()} but there are {len(classes)} classes ({listed(classes)}); "
                f"labels must be 0 to {len(classes) - 1}, or data.classes in params.yaml must name more"
            )
        counts = np.bincount(part.labels, minlength=len(classes))
        if empty := [classes[label] for label in np.flatnonzero(counts == 0)]:
            raise UserError(
                f"{name} has no image of {listed(empty)}; each of the {len(classes)} classes needs some "
                "(a class that does not exist must not be named in data.classes)"
            )


def shape_text(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
