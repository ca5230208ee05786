import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.data import dataset
from digits.data.corruptions import VALIDATION_STREAM, corrupt_each_once
from stages import prepare
from tests.conftest import error_message

Arrays = dict[str, np.ndarray]


def random_images(
    n_images: int, shape: tuple[int, ...] = (9, 7, 3), n_classes: int = 5, seed: int = 0
) -> tuple[np.ndarray, ...]:
    images = np.random.default_rng(seed).integers(0, 256, (n_images, *shape), np.uint8)
    return images, (np.arange(n_images) % n_classes).astype(np.int64)


def train_and_test(**changes: np.ndarray) -> Arrays:
    (x_train, y_train), (x_test, y_test) = random_images(200), random_images(40, seed=1)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test} | changes


def train_only(**changes: np.ndarray) -> Arrays:
    return {key: array for key, array in train_and_test(**changes).items() if key.endswith("train")}


@pytest.fixture
def write_raw(project, change) -> Callable[[Arrays], None]:
    change({"prepare": {"validation_share": 0.1, "test_share": 0.15, "share": 1.0, "seed": 1}, "data.classes": None})

    def write(arrays: Arrays) -> None:
        (project / "data/raw").mkdir(parents=True)
        for key, array in arrays.items():
            np.save(project / f"data/raw/{key}.npy", array)

    return write


def output_files() -> dict[str, bytes]:
    files = [path for folder in ("data/prepared", "reports") for path in Path(folder).rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def sizes() -> dict[str, int]:
    return {name: len(dataset.load(Path("data/prepared") / name)) for name in ("train", "validation", "test")}


def test_images_of_any_shape_are_split_and_described(write_raw, stage):
    write_raw(train_and_test())
    process = stage("prepare")
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith(
        "prepare: data/prepared: 179 train, 21 validation, 40 test images of 9 × 7 × 3, 5 classes ("
    )
    names = ("train", "validation", "validation_corrupted", "test")
    arrays = {f"data/prepared/{name}/{array}.npy" for name in names for array in ("images", "labels")}
    assert set(output_files()) == {*arrays, "data/prepared/classes.json", "reports/data.json"}
    assert json.loads(Path("data/prepared/classes.json").read_text()) == ["0", "1", "2", "3", "4"]
    report = json.loads(Path("reports/data.json").read_text())
    assert report["shape"] == [9, 7, 3]
    per_class = report["splits"]["validation"]["per_class"]
    assert (set(per_class), sum(per_class.values())) == (set("01234"), 21)
    assert (report["left_out"], set(report["duplicates"].values())) == (0, {0})
    test = dataset.load(Path("data/prepared/test"))
    np.testing.assert_array_equal(test.images, train_and_test()["x_test"])
    np.testing.assert_array_equal(test.labels, train_and_test()["y_test"])


def test_validation_images_are_also_saved_corrupted(write_raw):
    write_raw(train_and_test())
    prepare.main()
    validation, corrupted = (
        dataset.load(Path("data/prepared") / name) for name in ("validation", "validation_corrupted")
    )
    np.testing.assert_array_equal(corrupted.labels, validation.labels)
    np.testing.assert_array_equal(corrupted.images, corrupt_each_once(validation.images, VALIDATION_STREAM))
    assert (corrupted.images != validation.images).any(axis=(1, 2, 3)).mean() > 0.8


def test_a_second_run_gives_the_same_bytes_and_removes_other_files(write_raw):
    write_raw(train_and_test())
    prepare.main()
    first = output_files()
    Path("data/prepared/extra").mkdir()
    Path("data/prepared/extra/images.npy").touch()
    prepare.main()
    assert output_files() == first


def test_the_seed_changes_the_validation_split_but_not_the_test_split(write_raw, change):
    write_raw(train_and_test())
    prepare.main()
    first = output_files()
    change({"prepare.seed": 2})
    prepare.main()
    changed = {path for path, content in output_files().items() if content != first[path]}
    assert {"data/prepared/train/images.npy", "data/prepared/validation/images.npy"} <= changed
    assert not {path for path in changed if path.startswith(("data/prepared/test/", "data/prepared/classes"))}


def test_a_test_split_is_split_off_if_the_source_has_none(write_raw):
    write_raw(train_only())
    prepare.main()
    assert sizes() == {"train": 154, "validation": 13, "test": 33}
    splits = [dataset.load(Path("data/prepared") / name) for name in sizes()]
    images = sorted(image.tobytes() for split in splits for image in split.images)
    assert images == sorted(image.tobytes() for image in train_and_test()["x_train"])


def test_prepare_share_reduces_every_split(write_raw, change):
    write_raw(train_and_test())
    change({"prepare.share": 0.5})
    prepare.main()
    assert sizes() == {"train": 90, "validation": 15, "test": 26}


def test_images_that_the_test_set_contains_are_left_out(write_raw):
    images, labels = random_images(200)
    write_raw(train_and_test(x_test=images[:30], y_test=labels[:30]))
    assert prepare.main().endswith("5 classes; 30 left out, because another split contains them")
    assert sum(sizes().values()) == 200
    report = json.loads(Path("reports/data.json").read_text())
    assert report["left_out"] == 30
    assert {count for pair, count in report["duplicates"].items() if "also in" in pair} == {0}


def test_the_groups_of_the_download_stay_together(write_raw, change):
    change({"prepare.validation_share": 0.3})
    groups = np.arange(200, dtype=np.uint64) // 20
    write_raw(train_and_test(group_train=groups, group_test=np.arange(100, 140, dtype=np.uint64)))
    prepare.main()
    assert sizes()["validation"] in {20, 40, 60, 80}


def test_class_names_are_the_users_or_the_sources(write_raw, change):
    write_raw(train_and_test())
    classes = Path("data/prepared/classes.json")
    Path("data/raw/classes.json").write_text(json.dumps(["grass", "sand", "rock", "water", "snow"]))
    prepare.main()
    assert json.loads(classes.read_text()) == ["grass", "sand", "rock", "water", "snow"]
    change({"data.classes": ["a", "b", "c", "d", "é"]})
    prepare.main()
    assert json.loads(classes.read_text()) == ["a", "b", "c", "d", "é"]


def test_invalid_data_is_an_error_and_keeps_earlier_files(write_raw):
    write_raw(train_only(y_train=np.array([5, *[0, 1, 2, 3, 4] * 39, 0, 0, 0, 0])))
    Path("data/prepared/train").mkdir(parents=True)
    Path("data/prepared/train/images.npy").write_text("old")
    error = error_message(prepare.main)
    assert error.startswith(
        "no image of 1, 5 is in the validation split (5 has 1 different image; with a share of 8.5 %"
    )
    assert output_files() == {"data/prepared/train/images.npy": b"old"}
