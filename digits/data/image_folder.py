"""Pictures in folders, one for each class, each read and fitted into one size, in the order of their names."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from digits.core.errors import UserError
from digits.core.progress import Progress
from digits.data import image_files
from digits.data.formats import Arrays
from digits.data.image_files import ENDINGS
from digits.data.preprocessing import Preprocessing, preprocess

PARTS = ("train", "test")
PASSED_OVER = ("thumbs.db", "desktop.ini")  # and what begins with a dot: systems leave them, people do not see them
MOST_SIDE = 512  # pixels
MOST_NAMED = 5
FEW = 1000  # pictures, read before other processes have started


@dataclass(frozen=True)
class Picture:
    path: Path
    part: str
    label: int


def load(root: Path, size: int | None) -> tuple[Arrays, tuple[str, ...]]:
    folders = parts(root)
    classes = class_names(folders)
    pictures, wrong = walk(root, folders, classes)
    images, unusable = read(pictures, size)
    if wrong := wrong | unusable:
        named = [f"{path.relative_to(root)}: {why}" for path, why in sorted(wrong.items())]
        more = f"; and {len(named) - MOST_NAMED:,} more" if len(named) > MOST_NAMED else ""
        raise UserError(f"holds what cannot be used: {'; '.join(named[:MOST_NAMED])}{more}")
    labels = np.array([each.label for each in pictures])
    end = sum(each.part == "train" for each in pictures)
    arrays = {"x_train": images[:end], "y_train": labels[:end]}
    return arrays | ({"x_test": images[end:], "y_test": labels[end:]} if "test" in folders else {}), classes


def entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders and files, sorted."""
    if not folder.is_dir():
        return [], []
    seen = sorted(each for each in folder.iterdir() if each.name[0] != "." and each.name.lower() not in PASSED_OVER)
    folders = [each for each in seen if each.is_dir()]
    return folders, sorted(set(seen) - set(folders))


def parts(root: Path) -> dict[str, Path]:
    """Where classes lie: in train/ and test/ if folders lie in one of these, else in the folder itself."""
    folders = {each.name: each for each in entries(root)[0]}
    found = {part: folders[part] for part in PARTS if part in folders}
    if not found or (len(found) < len(folders) and not any(entries(each)[0] for each in found.values())):
        return {"train": root}
    if "train" not in found:
        raise UserError("holds test/ and no train/; without either, a share of the images is split off for testing")
    return found


def class_names(folders: dict[str, Path]) -> tuple[str, ...]:
    names = sorted({each.name for folder in folders.values() for each in entries(folder)[0]})
    if len(names) < 2:
        held = f"holds the class {names[0]} alone" if names else "holds no folders"
        raise UserError(f"{held}; there must be a folder of pictures for each class, and two classes or more")
    return tuple(names)


def walk(root: Path, folders: dict[str, Path], classes: tuple[str, ...]) -> tuple[list[Picture], dict[Path, str]]:
    """The pictures in the order in which they are kept; and what is wrong, by its path."""
    pictures, wrong = [], {}
    if root not in folders.values():
        others = [each for kind in entries(root) for each in kind if each not in folders.values()]
        wrong |= dict.fromkeys(others, "it is in neither train/ nor test/")
    for part, folder in folders.items():
        wrong |= dict.fromkeys(entries(folder)[1], "it is in no class's folder")
        for label, name in enumerate(classes):
            below, files = entries(folder / name)
            named = [each for each in files if each.suffix.lower() in ENDINGS]
            pictures += [Picture(each, part, label) for each in named]
            wrong |= dict.fromkeys(below, "it is a folder in a class's folder, where pictures belong")
            wrong |= dict.fromkeys(set(files) - set(named), f"its name ends in none of {', '.join(ENDINGS)}")
            if not below and not files:
                wrong[folder / name] = "it holds no picture of this class"
    return pictures, wrong


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
