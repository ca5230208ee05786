"""Load pictures from a folder that has a subfolder for each class, sorted by name and fitted to one size."""

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
from digits.core.progress import ProgressBar
from digits.data import image_files
from digits.data.formats import Arrays
from digits.data.image_files import EXTENSIONS
from digits.data.preprocessing import Preprocessing, preprocess

PARTS = ("train", "test")
IGNORED_FILES = ("thumbs.db", "desktop.ini")  # written by operating systems, as are names that begin with a dot
MAX_SIDE = 512  # pixels
MAX_NAMED = 5  # files in an error message
MAX_SEQUENTIAL = 1000  # pictures that are read sooner than processes start


@dataclass(frozen=True)
class Picture:
    path: Path
    part: str
    label: int


def load(root: Path, size: int | None) -> tuple[Arrays, tuple[str, ...]]:
    parts = find_parts(root)
    classes = class_names(parts)
    pictures, problems = find_pictures(root, parts, classes)
    images, unreadable = read_pictures(pictures, size)
    if problems := problems | unreadable:
        lines = [f"{path.relative_to(root)}: {problem}" for path, problem in sorted(problems.items())]
        more = f"; and {len(lines) - MAX_NAMED:,} more" if len(lines) > MAX_NAMED else ""
        raise UserError(f"holds files that cannot be used: {'; '.join(lines[:MAX_NAMED])}{more}")
    labels = np.array([picture.label for picture in pictures])
    n_train = sum(picture.part == "train" for picture in pictures)
    arrays = {"x_train": images[:n_train], "y_train": labels[:n_train]}
    return arrays | ({"x_test": images[n_train:], "y_test": labels[n_train:]} if "test" in parts else {}), classes


def list_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return subfolders and files, both sorted, without the ignored ones."""
    if not folder.is_dir():
        return [], []
    paths = sorted(path for path in folder.iterdir() if path.name[0] != "." and path.name.lower() not in IGNORED_FILES)
    folders = [path for path in paths if path.is_dir()]
    return folders, sorted(set(paths) - set(folders))


def find_parts(root: Path) -> dict[str, Path]:
    """Return the folders that contain the classes: train/ and test/ if these have subfolders, else the root."""
    folders = {folder.name: folder for folder in list_folder(root)[0]}
    parts = {part: folders[part] for part in PARTS if part in folders}
    if not parts or (len(parts) < len(folders) and not any(list_folder(folder)[0] for folder in parts.values())):
        return {"train": root}
    if "train" not in parts:
        raise UserError("holds test/ but not train/; without both, a share of the images is split off for testing")
    return parts


def class_names(parts: dict[str, Path]) -> tuple[str, ...]:
    names = sorted({path.name for folder in parts.values() for path in list_folder(folder)[0]})
    if len(names) < 2:
        content = f"only the class {names[0]}" if names else "no folders"
        raise UserError(f"holds {content}; there must be a folder of pictures for each class, and two classes or more")
    return tuple(names)


def find_pictures(
    root: Path, parts: dict[str, Path], classes: tuple[str, ...]
) -> tuple[list[Picture], dict[Path, str]]:
    """Return the pictures in their final order, and the problem of each path that cannot be used."""
    pictures, problems = [], {}
    if root not in parts.values():
        others = [path for paths in list_folder(root) for path in paths if path not in parts.values()]
        problems |= dict.fromkeys(others, "it is in neither train/ nor test/")
    for part, folder in parts.items():
        problems |= dict.fromkeys(list_folder(folder)[1], "it is in no class's folder")
        for label, name in enumerate(classes):
            subfolders, files = list_folder(folder / name)
            paths = [path for path in files if path.suffix.lower() in EXTENSIONS]
            pictures += [Picture(path, part, label) for path in paths]
            problems |= dict.fromkeys(subfolders, "it is a folder in a class's folder, which may hold pictures only")
            problems |= dict.fromkeys(set(files) - set(paths), f"its name ends in none of {', '.join(EXTENSIONS)}")
            if not subfolders and not files:
                problems[folder / name] = "it holds no picture of this class"
    return pictures, problems


def read_pictures(pictures: list[Picture], size: int | None) -> tuple[np.ndarray, dict[Path, str]]:
    """Return images, in grey if no pixel of any is coloured, and the problem of each picture that cannot be used."""
    images, problems, first_paths, coloured = np.empty((0, 0, 0, 3)), {}, {}, False
    results = read_in_order([picture.path for picture in pictures], size)
    with ProgressBar(len(pictures), "read pictures", "picture") as bar:
        for index, (picture, image) in enumerate(zip(pictures, results, strict=True)):
            bar.advance()
            if isinstance(image, str):
                problems[picture.path] = image
                continue
            if not first_paths:
                images = np.empty((len(pictures), *image.shape), np.uint8)
            first_paths.setdefault(image.shape, picture.path)
            if len(first_paths) == 1:
                images[index] = image
                coloured = coloured or bool((image != image[..., :1]).any())
    require_one_size(first_paths)
    return images if coloured else images[..., 0], problems


def require_one_size(first_paths: dict[tuple[int, ...], Path]) -> None:
    if len(first_paths) > 1:
        examples = [
            f"{path.parent.name}/{path.name} has {format_size(*shape)}" for shape, path in list(first_paths.items())[:2]
        ]
        raise UserError(
            f"holds pictures of {len(first_paths)} sizes ({', '.join(examples)} pixels); "
            "data.size in params.yaml must set one size for all, such as 32 for 32 × 32"
        )


def read_in_order(paths: list[Path], size: int | None) -> Iterator[np.ndarray | str]:
    if len(paths) <= MAX_SEQUENTIAL:
        yield from map(read_picture, paths, repeat(size))
        return
    # Not threads, because most of the work on a small picture is in Python. Only the main process handles Ctrl+C.
    interrupts = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), **interrupts) as processes:
        yield from processes.map(read_picture, paths, repeat(size), chunksize=32)


def read_picture(path: Path, size: int | None) -> np.ndarray | str:
    """Return the pixels as `predict` passes them to a network for colour images, or the problem."""
    try:
        picture = image_files.read(path, strict=True)
    except UserError as error:
        return str(error)
    height, width = (size, size) if size else (picture.height, picture.width)
    if max(height, width) > MAX_SIDE:
        return (
            f"it has {format_size(height, width)} pixels, and {MAX_SIDE} a side are allowed; "
            "set data.size in params.yaml"
        )
    return preprocess(picture, Preprocessing(shape=(height, width, 3), kind="image"))


def format_size(height: int, width: int, *_: int) -> str:
    return f"{width:,} × {height:,}"
