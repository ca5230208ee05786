from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.core.files import read_json
from digits.data.hashes import hash_images
from stages import download
from tests.conftest import error_message

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 9, 7, 3), np.uint8)
LABELS = np.arange(50) % 5


@pytest.fixture
def raw(project, change) -> Path:
    """Create the files of an earlier download from another source."""
    change({"data.source": "data/own/tiles.npz"})
    folder = project / "data/raw"
    folder.mkdir(parents=True)
    (project / "data/own").mkdir()
    for name in ("x_train.npy", "x_test.npy", "classes.json"):
        (folder / name).write_text("old")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_download_replaces_all_earlier_files(project, raw, stage):
    np.savez(project / "data/own/tiles.npz", x_train=IMAGES, y_train=LABELS)
    process = stage("download")
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("download: data/raw from data/own/tiles.npz: x_train 50 × 9 × 7 × 3, y_train 50 (")
    assert set(contents(raw)) == {"x_train.npy", "y_train.npy"}
    np.testing.assert_array_equal(np.load(raw / "x_train.npy"), IMAGES, strict=True)
    np.testing.assert_array_equal(np.load(raw / "y_train.npy"), LABELS, strict=True)


def test_a_folder_of_images_becomes_arrays_and_class_names(project, raw, change):
    change({"data.source": "data/own/tiles", "data.size": 8})
    for index, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        folder = project / f"data/own/tiles/{'edcba'[label]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{index:02}.png")
    assert download.main() == "data/raw from data/own/tiles: x_train 50 × 8 × 8 × 3, y_train 50"
    first = contents(raw)
    assert set(first) == {"x_train.npy", "y_train.npy", "hash_train.npy", "classes.json"}
    np.testing.assert_array_equal(
        np.load(raw / "hash_train.npy"), hash_images(IMAGES[np.argsort(-LABELS, kind="stable")])
    )
    assert read_json(raw / "classes.json") == ["a", "b", "c", "d", "e"]
    download.main()
    assert contents(raw) == first


def test_a_missing_source_keeps_the_earlier_download(raw):
    earlier = contents(raw)
    assert "data.source: data/own/tiles.npz is neither a known name nor an existing path" in error_message(
        download.main
    )
    assert contents(raw) == earlier
