from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.common.errors import UserError
from digits.common.files import read_json
from stages import download

RANDOM = np.random.default_rng(0)
OWN = {
    "x_train": RANDOM.integers(0, 256, (50, 9, 7, 3), np.uint8),
    "y_train": np.arange(50) % 5,
    "x_test": RANDOM.integers(0, 256, (20, 9, 7, 3), np.uint8),
    "y_test": np.arange(20) % 5,
}


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


@pytest.mark.parametrize(
    ("keys", "sizes"),
    [
        (("x_train", "y_train"), "x_train 50 × 9 × 7 × 3, y_train 50"),
        (tuple(OWN), "x_test 20 × 9 × 7 × 3, x_train 50 × 9 × 7 × 3, y_test 20, y_train 50"),
    ],
)
def test_the_users_own_arrays_take_the_place_of_all_that_was_there(project, raw, stage, keys, sizes):
    np.savez(project / "data/own/tiles.npz", **{key: OWN[key] for key in keys})
    done = stage("download")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"download: data/raw from data/own/tiles.npz: {sizes} (")
    assert set(contents(raw)) == {f"{key}.npy" for key in keys}
    for key in keys:
        np.testing.assert_array_equal(np.load(raw / f"{key}.npy"), OWN[key], strict=True)


def test_a_folder_of_pictures_becomes_arrays_and_the_names_of_its_classes(project, raw, change):
    change({"data.source": "data/own/tiles", "data.size": 8})
    for place, (image, label) in enumerate(zip(OWN["x_train"], OWN["y_train"], strict=True)):
        folder = project / f"data/own/tiles/{'edcba'[label]}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{place:02}.png")
    assert download.main() == "data/raw from data/own/tiles: x_train 50 × 8 × 8 × 3, y_train 50"
    first = contents(raw)
    assert set(first) == {"x_train.npy", "y_train.npy", "classes.json"}
    assert read_json(raw / "classes.json") == ["a", "b", "c", "d", "e"]
    download.main()
    assert contents(raw) == first


def test_a_file_that_is_not_there_is_one_line_and_what_was_downloaded_stays(raw, stage):
    before = contents(raw)
    done = stage("download")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "download: error: data.source: data/own/tiles.npz is neither a known name nor an existing path (allowed: "
        "mnist, fashion_mnist, or the path of a folder of pictures, of a .csv, a .parquet or an .npz file)\n"
    )
    assert contents(raw) == before


def test_a_file_that_cannot_be_used_leaves_what_was_downloaded(project, raw):
    before = contents(raw)
    own = project / "data/own/tiles.npz"
    np.savez(own, **OWN)
    whole = own.read_bytes()
    for content in (whole[:-100], b"", b"hello"):
        own.write_bytes(content)
        with pytest.raises(UserError, match=r"data/own/tiles\.npz is not a complete \.npz file of arrays"):
            download.main()
    np.savez(own, images=OWN["x_train"])
    with pytest.raises(UserError, match="lacks x_train and y_train and has images"):
        download.main()
    assert contents(raw) == before
