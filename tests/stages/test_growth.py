"""Folders of pictures that grow, shrink and are renamed: no image changes its split."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.data import dataset
from stages import download, prepare

N_CLASSES, N_IMAGES = 3, 60


@pytest.fixture
def photos(project, change) -> Path:
    """A folder of pictures without test images. Each writer made ten pictures, of any class."""
    change({"data.source": "photos", "data.group": None, "prepare.share": 1.0})
    for label in range(N_CLASSES):
        add_images(project / "photos" / f"class{label}", range(N_IMAGES))
    return project / "photos"


def add_images(folder: Path, numbers: range) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        rng = np.random.default_rng([number, *folder.name.encode()])
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(
            folder / f"writer{number // 10:03}_{number:04}.png"
        )


def prepared_images() -> dict[str, set[bytes]]:
    download.main()
    prepare.main()
    splits = {name: dataset.load(Path("data/prepared") / name) for name in ("train", "validation", "test")}
    return {name: {image.tobytes() for image in split.images} for name, split in splits.items()}


def add_one_to_each_class(photos: Path) -> None:
    for label in range(N_CLASSES):
        add_images(photos / f"class{label}", range(N_IMAGES, N_IMAGES + 1))


def add_a_tenth(photos: Path) -> None:
    for label in range(N_CLASSES):
        add_images(photos / f"class{label}", range(N_IMAGES, N_IMAGES + N_IMAGES // 10))


def add_a_class(photos: Path) -> None:
    add_images(photos / "a new class", range(N_IMAGES))


def remove_a_third(photos: Path) -> None:
    for path in sorted(photos.glob("*/*.png"))[::3]:
        path.unlink()


def rename_everything(photos: Path) -> None:
    for number, path in enumerate(sorted(photos.glob("*/*.png"))):
        path.rename(path.with_name(f"{(number * 7919) % 10_007:05}.png"))
    (photos / "class0").rename(photos / "renamed class")


def add_copies_and_a_coloured_image(photos: Path) -> None:
    for path in sorted(photos.glob("*/*.png")):
        with Image.open(path) as image:
            image.convert("RGB").save(path.with_name(f"copy-{path.name}"))


CHANGES = [
    add_one_to_each_class,
    add_a_tenth,
    add_a_class,
    remove_a_third,
    rename_everything,
    add_copies_and_a_coloured_image,
]


@pytest.mark.parametrize("change_folder", CHANGES)
def test_no_image_changes_its_split(photos, change_folder):
    before = prepared_images()
    change_folder(photos)
    after = prepared_images()
    for name, images in before.items():
        assert not any(images & after[other] for other in after if other != name)
    assert sum(len(before[name] & after[name]) for name in before) >= 2 / 3 * N_CLASSES * N_IMAGES - 1


@pytest.mark.parametrize("change_folder", CHANGES[:4])
def test_no_group_changes_its_split(photos, change, change_folder):
    change({"data.group": "^(writer[0-9]+)_", "prepare.seed": 3})
    before = prepared_images()
    change_folder(photos)
    after = prepared_images()
    for name, images in before.items():
        assert not any(images & after[other] for other in after if other != name)


def test_the_pictures_of_a_writer_stay_in_one_split(photos, change):
    change({"data.group": "^(writer[0-9]+)_", "prepare.seed": 3})
    images = prepared_images()
    for writer in range(N_IMAGES // 10):
        pixels = {np.asarray(Image.open(path)).tobytes() for path in photos.glob(f"*/writer{writer:03}_*")}
        assert len(pixels) == 10 * N_CLASSES
        assert sum(bool(pixels & split) for split in images.values()) == 1


def test_resizing_does_not_change_the_splits(photos, change):
    before = prepared_images()
    change({"data.size": 16})
    shutil.rmtree("data")
    after = prepared_images()
    enlarged = {
        name: {
            np.repeat(np.repeat(np.frombuffer(image, np.uint8).reshape(8, 8), 2, 0), 2, 1).tobytes() for image in images
        }
        for name, images in before.items()
    }
    assert after == enlarged
