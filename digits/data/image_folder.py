"""Load images from a folder that has a subfolder for each class, sorted by name and fitted to one size.

Error messages complete the sentence "data.source: FOLDER …", which `sources.load` begins.
"""

import os
import re
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
from digits.data.hashes import hash_groups, hash_image
from digits.data.image_files import IMAGE_EXTENSIONS
from digits.data.preprocessing import Preprocessing, preprocess

SOURCE_SPLITS = ("train", "test")  # that a source may have
IGNORED_FILES = ("thumbs.db", "desktop.ini")  # written by operating systems, as are names that begin with a dot
MAX_SIDE = 512  # pixels
MAX_NAMED_FILES = 5  # in an error message
MAX_SEQUENTIAL = 1000  # so many images are read sooner than processes start


@dataclass(frozen=True)
class ImageFile:
    path: Path
    split: str
    label: int


def load(root: Path, size: int | None, group: str | None = None) -> tuple[Arrays, tuple[str, ...]]:
    """Return arrays and class names; without `size`, all images must have the same size."""
    split_folders = find_split_folders(root)
    classes = class_names(split_folders)
    files, problems = find_image_files(root, split_folders, classes)
    groups, group_problems = find_groups(files, group)
    images, hashes, read_problems = read_images(files, size)
    require_no_problems(root, problems | group_problems | read_problems)
    columns = {"x": images, "y": np.array([file.label for file in files]), "hash": hashes}
    if group:
        columns["group"] = groups
    n_train = sum(file.split == "train" for file in files)
    arrays = {f"{name}_train": values[:n_train] for name, values in columns.items()}
    if "test" in split_folders:
        arrays |= {f"{name}_test": values[n_train:] for name, values in columns.items()}
    return arrays, classes


def require_no_problems(root: Path, problems: dict[Path, str]) -> None:
    if not problems:
        return
    lines = [f"{path.relative_to(root)}: {problem}" for path, problem in sorted(problems.items())]
    more = f"; and {len(lines) - MAX_NAMED_FILES:,} more" if len(lines) > MAX_NAMED_FILES else ""
    raise UserError(f"holds files that cannot be used: {'; '.join(lines[:MAX_NAMED_FILES])}{more}")


def list_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return subfolders and files, both sorted, without the ignored ones."""
    if not folder.is_dir():
        return [], []
    paths = sorted(path for path in folder.iterdir() if path.name[0] != "." and path.name.lower() not in IGNORED_FILES)
    folders = [path for path in paths if path.is_dir()]
    return folders, sorted(set(paths) - set(folders))


def find_split_folders(root: Path) -> dict[str, Path]:
    """Return the folder of each split, which contains the classes.

    These are train/ and test/. If neither has subfolders, they may be classes of these names beside others: the root is
    then the only split, train.
    """
    folders = {folder.name: folder for folder in list_folder(root)[0]}
    split_folders = {split: folders[split] for split in SOURCE_SPLITS if split in folders}
    has_siblings = len(split_folders) < len(folders)
    has_classes = any(list_folder(folder)[0] for folder in split_folders.values())
    if not split_folders or (has_siblings and not has_classes):
        return {"train": root}
    if "train" not in split_folders:
        raise UserError("holds test/ but not train/; without both, a share of the images is split off for testing")
    return split_folders


def class_names(split_folders: dict[str, Path]) -> tuple[str, ...]:
    names = sorted({path.name for folder in split_folders.values() for path in list_folder(folder)[0]})
    if len(names) < 2:
        content = f"only the class {names[0]}" if names else "no folders"
        raise UserError(f"holds {content}; there must be a folder of images for each class, and two classes or more")
    return tuple(names)


def find_image_files(
    root: Path, split_folders: dict[str, Path], classes: tuple[str, ...]
) -> tuple[list[ImageFile], dict[Path, str]]:
    """Return the files in the order of the images, and the problem of each path that cannot be used."""
    usable_files, problems = [], {}
    if root not in split_folders.values():
        outside = [path for paths in list_folder(root) for path in paths if path not in split_folders.values()]
        problems |= dict.fromkeys(outside, "it is in neither train/ nor test/")
    for split, folder in split_folders.items():
        problems |= dict.fromkeys(list_folder(folder)[1], "it is in no class's folder")
        for label, name in enumerate(classes):
            subfolders, files = list_folder(folder / name)
            paths = [path for path in files if path.suffix.lower() in IMAGE_EXTENSIONS]
            usable_files += [ImageFile(path, split, label) for path in paths]
            problems |= dict.fromkeys(subfolders, "it is a folder in a class's folder, which may hold images only")
            problems |= dict.fromkeys(
                set(files) - set(paths), f"its name ends in none of {', '.join(IMAGE_EXTENSIONS)}"
            )
            if not subfolders and not files:
                problems[folder / name] = "it holds no image of this class"
    return usable_files, problems


def find_groups(files: list[ImageFile], pattern: str | None) -> tuple[np.ndarray, dict[Path, str]]:
    """Return the hash of each file's group, and the problem of each file that has none.

    The group is what the pattern's parentheses match in the file's name, or the whole match if it has no parentheses.
    """
    try:
        regex = re.compile(pattern or "")
    except re.error as error:
        raise UserError(f"needs a regular expression in data.group, and {pattern!r} is none ({error})") from None
    matches = (regex.search(file.path.name) for file in files)
    names = [match and match[min(1, regex.groups)] for match in matches]
    problem = f"data.group ({pattern}) finds no group in its name"
    return hash_groups(names), {
        file.path: problem for file, name in zip(files, names, strict=True) if pattern and not name
    }


def read_images(files: list[ImageFile], size: int | None) -> tuple[np.ndarray, np.ndarray, dict[Path, str]]:
    """Return images, their hashes before resizing, and the problem of each file that cannot be used.

    The images are grey if no pixel of any is coloured.
    """
    images, problems, coloured = np.empty((0, 0, 0, 3)), {}, False
    hashes = np.zeros(len(files), np.uint64)
    first_paths: dict[tuple[int, ...], Path] = {}  # the first file of each shape: more than one shape is an error
    results = read_in_order([file.path for file in files], size)
    with ProgressBar(len(files), "read images", "image") as bar:
        for index, (file, result) in enumerate(zip(files, results, strict=True)):
            bar.advance()
            if isinstance(result, str):
                problems[file.path] = result
                continue
            pixels, hashes[index] = result
            if not first_paths:
                images = np.empty((len(files), *pixels.shape), np.uint8)
            first_paths.setdefault(pixels.shape, file.path)
            if len(first_paths) == 1:
                images[index] = pixels
                coloured = coloured or bool((pixels != pixels[..., :1]).any())
    require_one_size(first_paths)
    return images if coloured else images[..., 0], hashes, problems


def require_one_size(first_paths: dict[tuple[int, ...], Path]) -> None:
    if len(first_paths) > 1:
        examples = [
            f"{path.parent.name}/{path.name} has {format_size(*shape)}" for shape, path in list(first_paths.items())[:2]
        ]
        raise UserError(
            f"holds images of {len(first_paths)} sizes ({', '.join(examples)} pixels); "
            "data.size in params.yaml must set one size for all, such as 32 for 32 × 32"
        )


def read_in_order(paths: list[Path], size: int | None) -> Iterator[tuple[np.ndarray, int] | str]:
    """Yield the pixels and the hash of each image, or its problem."""
    if len(paths) <= MAX_SEQUENTIAL:
        yield from map(read_image, paths, repeat(size))
        return
    # Not threads, because most of the work on a small image is in Python. Only the main process handles Ctrl-C.
    interrupts = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), **interrupts) as processes:
        yield from processes.map(read_image, paths, repeat(size), chunksize=32)


def read_image(path: Path, size: int | None) -> tuple[np.ndarray, int] | str:
    """Return the pixels as `predict` passes them to a network for colour images, and the hash; or the problem."""
    try:
        image = image_files.read(path, strict=True)
    except UserError as error:
        return str(error)
    height, width = (size, size) if size else (image.height, image.width)
    if max(height, width) > MAX_SIDE:
        return (
            f"it has {format_size(height, width)} pixels, and {MAX_SIDE} a side are allowed; "
            "set data.size in params.yaml"
        )
    pixels = preprocess(image, Preprocessing(shape=(height, width, 3), kind="image"))
    return pixels, hash_image(np.asarray(image))


def format_size(height: int, width: int, *_: int) -> str:
    return f"{width:,} × {height:,}"
