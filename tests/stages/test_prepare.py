import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.data import dataset
from digits.data.corruptions import VALIDATION, mixed
from stages import prepare
from tests.conftest import complaint

Arrays = dict[str, np.ndarray]


def tiles(count: int, shape: tuple[int, ...] = (9, 7, 3), classes: int = 5, seed: int = 0) -> tuple[np.ndarray, ...]:
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)
    return images, (np.arange(count) % classes).astype(np.int64)


def both(**changes: np.ndarray) -> Arrays:
    (x_train, y_train), (x_test, y_test) = tiles(200), tiles(40, seed=1)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test} | changes


def without_test(**changes: np.ndarray) -> Arrays:
    return {key: array for key, array in both(**changes).items() if key.endswith("train")}


@pytest.fixture
def raw(project, change) -> Callable[[Arrays], None]:
    change({"prepare": {"validation_share": 0.1, "test_share": 0.15, "share": 1.0, "seed": 1}, "data.classes": None})

    def write(arrays: Arrays) -> None:
        (project / "data/raw").mkdir(parents=True)
        for key, array in arrays.items():
            np.save(project / f"data/raw/{key}.npy", array)

    return write


def written() -> dict[str, bytes]:
    files = [path for folder in ("data/prepared", "reports") for path in Path(folder).rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def sizes() -> dict[str, int]:
    return {name: len(dataset.load(Path("data/prepared") / name)) for name in ("train", "validation", "test")}


def test_images_of_another_shape_are_split_and_reported(raw, stage):
    raw(both())
    done = stage("prepare")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "prepare: data/prepared: 180 train, 20 validation, 40 test images of 9 × 7 × 3, 5 classes ("
    )
    parts = ("train", "validation", "validation_corrupted", "test")
    arrays = {f"data/prepared/{part}/{kind}.npy" for part in parts for kind in ("images", "labels")}
    assert set(written()) == {*arrays, "data/prepared/classes.json", "reports/data.json"}
    assert json.loads(Path("data/prepared/classes.json").read_text()) == ["0", "1", "2", "3", "4"]
    report = json.loads(Path("reports/data.json").read_text())
    assert report["shape"] == [9, 7, 3]
    assert report["splits"]["validation"]["per_class"] == dict.fromkeys("01234", 4)
    assert set(report["duplicates"].values()) == {0}
    test = dataset.load(Path("data/prepared/test"))
    np.testing.assert_array_equal(test.images, both()["x_test"])
    np.testing.assert_array_equal(test.labels, both()["y_test"])


def test_validation_images_are_there_once_more_each_of_them_corrupted(raw):
    raw(both())
    prepare.main()
    validation, corrupted = (
        dataset.load(Path("data/prepared") / name) for name in ("validation", "validation_corrupted")
    )
    np.testing.assert_array_equal(corrupted.labels, validation.labels)
    np.testing.assert_array_equal(corrupted.images, mixed(validation.images, VALIDATION))
    assert (corrupted.images != validation.images).any(axis=(1, 2, 3)).mean() > 0.8


def test_the_same_parameters_give_the_same_bytes_and_nothing_stale_stays(raw):
    raw(both())
    prepare.main()
    first = written()
    Path("data/prepared/extra").mkdir()
    Path("data/prepared/extra/images.npy").touch()
    prepare.main()
    assert written() == first


def test_another_seed_gives_another_validation_part_and_the_same_test_part(raw, change):
    raw(both())
    prepare.main()
    first = written()
    change({"prepare.seed": 2})
    prepare.main()
    changed = {path for path, content in written().items() if content != first[path]}
    assert {"data/prepared/train/images.npy", "data/prepared/validation/images.npy"} <= changed
    assert not {path for path in changed if path.startswith(("data/prepared/test/", "data/prepared/classes"))}


def test_without_test_images_a_share_is_split_off_and_none_is_lost(raw):
    raw(without_test())
    prepare.main()
    assert sizes() == {"train": 153, "validation": 17, "test": 30}
    parts = [dataset.load(Path("data/prepared") / name) for name in sizes()]
    images = sorted(image.tobytes() for part in parts for image in part.images)
    assert images == sorted(image.tobytes() for image in both()["x_train"])


def test_a_share_of_all_images_is_a_share_of_every_part(raw, change):
    raw(both())
    change({"prepare.share": 0.5})
    prepare.main()
    assert sizes() == {"train": 90, "validation": 10, "test": 20}


def test_classes_are_named_by_the_user_or_else_by_the_source(raw, change):
    raw(both())
    classes = Path("data/prepared/classes.json")
    Path("data/raw/classes.json").write_text(json.dumps(["grass", "sand", "rock", "water", "snow"]))
    prepare.main()
    assert json.loads(classes.read_text()) == ["grass", "sand", "rock", "water", "snow"]
    change({"data.classes": ["a", "b", "c", "d", "é"]})
    prepare.main()
    assert json.loads(classes.read_text()) == ["a", "b", "c", "d", "é"]


def test_bad_data_is_one_line_and_what_was_prepared_stays(raw):
    raw(without_test(y_train=np.array([5] + [0, 1, 2, 3, 4] * 39 + [0] * 4)))
    Path("data/prepared/train").mkdir(parents=True)
    Path("data/prepared/train/images.npy").write_text("old")
    assert "class 5 has one image, and testing needs another" in complaint(prepare.main)
    assert written() == {"data/prepared/train/images.npy": b"old"}
