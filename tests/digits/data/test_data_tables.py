from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.data import tables
from tests.conftest import complaint


def frame(count: int = 6, columns: int = 9, labels: object = (2, 0, 1)) -> pd.DataFrame:
    pixels = pd.DataFrame(np.random.default_rng(0).integers(0, 256, (count, columns))).add_prefix("pixel")
    pixels.insert(0, "label", np.resize(labels, count))
    return pixels


def write(path: Path, what: pd.DataFrame) -> Path:
    what.to_parquet(path) if path.suffix == ".parquet" else what.to_csv(path, index=False)
    return path


def load(path: Path) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    return tables.load(tables.find(path))


@pytest.mark.parametrize("name", ["own.csv", "own.csv.gz", "own.parquet"])
def test_every_kind_of_table_gives_the_same_images(tmp_path, name):
    own = frame()
    arrays, classes = load(write(tmp_path / name, own))
    np.testing.assert_array_equal(arrays["x_train"], own.iloc[:, 1:].to_numpy(np.uint8).reshape(6, 3, 3), strict=True)
    assert arrays["y_train"].tolist() == [2, 0, 1, 2, 0, 1]
    assert classes == ("0", "1", "2")


def test_test_images_lie_in_a_table_beside(tmp_path):
    write(tmp_path / "train.csv", frame(6))
    write(tmp_path / "test.parquet", frame(4))
    arrays, _ = load(tmp_path)
    assert [len(arrays[key]) for key in ("x_train", "y_train", "x_test", "y_test")] == [6, 6, 4, 4]


def test_labels_may_be_words_or_start_anywhere_and_are_sorted(tmp_path):
    for labels, names in ((["b", "NA", "a"], ("NA", "a", "b")), ([10, 9, 26], ("9", "10", "26"))):
        write(tmp_path / "train.csv", frame(6, labels=labels))
        write(tmp_path / "test.csv", frame(3, labels=labels[:1]))
        arrays, classes = load(tmp_path)
        assert classes == names
        assert [classes[each] for each in arrays["y_train"]] == [str(each) for each in labels * 2]
        assert [classes[each] for each in arrays["y_test"]] == [str(labels[0])] * 3


@pytest.mark.parametrize("name", ["own.csv", "own.parquet"])
def test_labels_are_words_as_they_are_written_unless_all_are_whole_numbers(tmp_path, name):
    for labels, names in ((["01", "1", "10"], ("01", "1", "10")), (["10", "9", "1"], ("1", "9", "10"))):
        arrays, classes = load(write(tmp_path / name, frame(labels=labels)))
        assert classes == names
        assert [classes[each] for each in arrays["y_train"]] == labels * 2


def test_spaces_around_labels_are_passed_over_and_a_point_alone_is_a_word(tmp_path):
    arrays, classes = load(write(tmp_path / "own.csv", frame(labels=[" 9", "10 ", "."])))
    assert (classes, arrays["y_train"].tolist()) == ((".", "10", "9"), [2, 1, 0] * 2)


def test_words_of_one_table_may_all_look_like_numbers(tmp_path):
    write(tmp_path / "train.csv", frame(6, labels=["1", "a"]))
    write(tmp_path / "test.csv", frame(2, labels=["1"]))
    arrays, classes = load(tmp_path)
    assert (classes, arrays["y_test"].tolist()) == (("1", "a"), [0, 0])


def test_labels_may_be_categories(tmp_path):
    own = frame(labels=["b", "a"]).astype({"label": "category"})
    arrays, classes = load(write(tmp_path / "own.parquet", own))
    assert (classes, arrays["y_train"].tolist()) == (("a", "b"), [1, 0] * 3)


def test_three_times_a_square_is_an_image_in_colour_pixel_by_pixel(tmp_path):
    own = frame(2, 12)
    images = load(write(tmp_path / "own.csv", own))[0]["x_train"]
    assert images.shape == (2, 2, 2, 3)
    assert images[0, 0, 1].tolist() == own.iloc[0, 4:7].tolist()


def test_whole_numbers_may_be_written_with_a_point(tmp_path):
    own = frame()
    images = load(write(tmp_path / "own.csv", own.astype(dict.fromkeys(own.columns[1:], float))))[0]["x_train"]
    assert images.ravel().tolist() == own.iloc[:, 1:].to_numpy().ravel().tolist()


def spoilt(row: int, column: int, value: object) -> pd.DataFrame:
    own = frame().astype(object)
    own.iat[row, column] = value
    return own


NO_SQUARE = "columns of pixels: the number must be a square"
BAD = {
    "no label": (
        frame().rename(columns={"label": "digit"}),
        "one column must be named label; the first is",
    ),
    "a name twice": (frame().rename(columns={"pixel3": "pixel2"}), "two columns are named pixel2"),
    "no rows": (frame(0), "it holds no rows"),
    "a label is missing": (spoilt(3, 0, None), "row 4 has no label"),
    "a label is blank": (spoilt(1, 0, " "), "row 2 has no label"),
    "labels between classes": (frame(labels=[0.5]), "labels must be whole numbers or words; the first is 0.5"),
    "a fraction": (spoilt(2, 4, 0.5), "column pixel3 holds 0.5 in row 3 where whole numbers from 0 to 255 belong"),
    "too much": (spoilt(0, 1, 256), "column pixel0 holds 256 in row 1 "),
    "negative": (spoilt(5, 9, -1), "column pixel8 holds -1 in row 6 "),
    "missing": (spoilt(2, 4, None), "column pixel3 holds nothing in row 3 "),
    "words": (spoilt(2, 4, "white"), "column pixel3 holds string "),
    "no square": (frame(columns=10), f"10 {NO_SQUARE}"),
    "no pixels": (frame(columns=0), f"0 {NO_SQUARE}"),
}


@pytest.mark.parametrize(("own", "line"), BAD.values(), ids=BAD)
def test_a_table_that_cannot_be_used_is_one_line(tmp_path, own, line):
    assert complaint(load, write(tmp_path / "own.csv", own)).startswith(f"cannot be used: own.csv: {line}")


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("own.csv", b"", "Empty CSV file"),
        ("own.csv", b"label,a\n1,2,3\n", "CSV parse error: Expected 2 columns, got 3"),
        ("own.csv.gz", b"label,a\n1,2\n", "zlib inflate failed: "),
        ("own.parquet", b"label,a\n1,2\n", "Parquet magic bytes not found in footer"),
    ],
)
def test_a_file_that_is_no_table_is_one_line(tmp_path, name, content, line):
    (tmp_path / name).write_bytes(content)
    said = complaint(load, tmp_path / name)
    assert said.startswith(f"cannot be used: {name}: ")
    assert line in said


def test_a_table_without_columns_is_one_line(tmp_path):
    said = complaint(load, write(tmp_path / "own.parquet", pd.DataFrame()))
    assert "own.parquet: one column must be named label; it has no columns" in said


def test_two_tables_must_fit_and_nothing_may_lie_beside_them(tmp_path):
    write(tmp_path / "test.csv", frame(labels=[7]))
    assert complaint(load, tmp_path).startswith("holds test.csv; there must be one table named train")
    write(tmp_path / "train.csv", frame())
    assert "test.csv has the label 7" in complaint(load, tmp_path)
    write(tmp_path / "sample.csv", frame())
    assert complaint(load, tmp_path).startswith("holds sample.csv, test.csv, train.csv; ")
