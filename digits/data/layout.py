"""How pictures lie in folders: one for each class, in train/ and test/ where there are these."""

from dataclasses import dataclass
from pathlib import Path

from digits.common.errors import UserError
from digits.inference.image_files import ENDINGS

PARTS = ("train", "test")
PASSED_OVER = ("thumbs.db", "desktop.ini")  # and what begins with a dot: systems leave them, people do not see them


@dataclass(frozen=True)
class Picture:
    path: Path
    part: str
    label: int


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
    if odd := [name for name in names if not name.isprintable()]:
        raise UserError(f"holds a folder named {odd[0]!r}, which is no name for a class; rename it")
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
