"""Pictures in folders, each read and fitted into one size, in the order of their names."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from digits.common.errors import UserError
from digits.common.progress import Progress
from digits.data import layout
from digits.data.formats import Arrays
from digits.data.layout import Picture
from digits.inference import image_files
from digits.inference.preprocessing import Preprocessing, preprocess

MOST_SIDE = 512  # pixels
MOST_NAMED = 5
FEW = 1000  # pictures, read before other processes have started


def load(root: Path, size: int | None) -> tuple[Arrays, tuple[str, ...]]:
    folders = layout.parts(root)
    classes = layout.class_names(folders)
    pictures, wrong = layout.walk(root, folders, classes)
    images, unusable = read(pictures, size)
    if wrong := wrong | unusable:
        named = [f"{path.relative_to(root)}: {why}" for path, why in sorted(wrong.items())]
        more = f"; and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
        raise UserError(f"holds what cannot be used: {'; '.join(named[:MOST_NAMED])}{more}")
    labels = np.array([each.label for each in pictures])
    end = sum(each.part == "train" for each in pictures)
    arrays = {"x_train": images[:end], "y_train": labels[:end]}
    return arrays | ({"x_test": images[end:], "y_test": labels[end:]} if "test" in folders else {}), classes


def read(pictures: list[Picture], size: int | None) -> tuple[np.ndarray, dict[Path, str]]:
    """In grey where no pixel of any is coloured; and what is wrong with those that cannot be used."""
    images, wrong, shapes, coloured = np.empty((0, 0, 0, 3)), {}, {}, False
    found = in_order([each.path for each in pictures], size)
    with Progress(len(pictures), "read pictures", "picture") as bar:
        for place, (picture, image) in enumerate(zip(pictures, found, strict=True)):
            bar.advance()
            if isinstance(image, str):
                wrong[picture.path] = image
                continue
            if not shapes:
                images = np.empty((len(pictures), *image.shape), np.uint8)
            shapes.setdefault(image.shape, picture.path)
            if len(shapes) == 1:
                images[place] = image
                coloured = coloured or bool((image != image[..., :1]).any())
    if len(shapes) > 1:
        one, other = ((f"{path.parent.name}/{path.name}", shape) for shape, path in list(shapes.items())[:2])
        raise UserError(
            f"holds pictures of {len(shapes)} sizes ({one[0]} has {sized(*one[1])} pixels, {other[0]} has "
            f"{sized(*other[1])}); data.size in params.yaml must say what all become, 32 for 32 × 32"
        )
    return images if coloured else images[..., 0], wrong


def in_order(paths: list[Path], size: int | None) -> Iterator[np.ndarray | str]:
    if len(paths) <= FEW:
        yield from map(pixels, paths, repeat(size))
        return
    # Not threads, for most of the work on a small picture is Python's. An interrupt is for who waits for the processes.
    interrupts = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), **interrupts) as processes:
        yield from processes.map(pixels, paths, repeat(size), chunksize=32)


def pixels(path: Path, size: int | None) -> np.ndarray | str:
    """As `predict` would hand them to a network for colours, or why not."""
    try:
        picture = image_files.read(path, strict=True)
    except UserError as error:
        return str(error)
    height, width = (size, size) if size else (picture.height, picture.width)
    if max(height, width) > MOST_SIDE:
        return f"it has {sized(height, width)} pixels, and {MOST_SIDE} a side are allowed; set data.size in params.yaml"
    return preprocess(picture, Preprocessing(shape=(height, width, 3), kind="image"))


def sized(height: int, width: int, *_: int) -> str:
    return f"{width:,} × {height:,}"
