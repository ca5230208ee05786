from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.core.files import read_json
from stages import download
from tests.conftest import complaint

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 9, 7, 3), np.uint8)
LABELS = np.arange(50) % 5


@pytest.fixture
def raw(project, change) -> Path:
    """What an earlier download left, of another source than the one that params.yaml names now."""
    change({"data.source": "data/own/tiles.npz"})
    folder = project / "data/raw"
    folder.mkdir(parents=True)
    (project / "data/own").mkdir()
    for name in ("x_train.npy", "x_test.npy", "classes.json"):
        (folder / name).write_text("old")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_users_own_arrays_take_the_place_of_all_that_was_there(project, raw, stage):
    np.savez(project / "data/own/tiles.npz", x_train=IMAGES, y_train=LABELS)
    done = stage("download")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("download: data/raw from data/own/tiles.npz: x_train 50 × 9 × 7 × 3, y_train 50 (")
    assert set(contents(raw)) == {"x_train.npy", "y_train.npy"}
    np.testing.assert_array_equal(np.load(raw / "x_train.npy"), IMAGES, strict=True)
    np.testing.assert_array_equal(np.load(raw / "y_train.npy"), LABELS, strict=True)


def test_a_folder_of_pictures_becomes_arrays_and_the_names_of_its_classes(project, raw, change):
    change({"data.source": "data/own/tiles", "data.size": 8})
    for place, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        folder = project / f"data/own/tiles/{'edcba'[label]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{place:02}.png")
    assert download.main() == "data/raw from data/own/tiles: x_train 50 × 8 × 8 × 3, y_train 50"
    first = contents(raw)
    assert set(first) == {"x_train.npy", "y_train.npy", "classes.json"}
    assert read_json(raw / "classes.json") == ["a", "b", "c", "d", "e"]
    download.main()
    assert contents(raw) == first


def test_where_a_source_is_not_there_what_was_downloaded_stays(raw):
    before = contents(raw)
    assert "data.source: data/own/tiles.npz is neither a known name nor an existing path" in complaint(download.main)
    assert contents(raw) == before
