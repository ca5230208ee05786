from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from digits.data import tables
from digits.data.hashes import hash_groups
from tests.conftest import error_message


def pixel_table(n_images: int = 6, n_pixels: int = 9, labels: object = (2, 0, 1)) -> pd.DataFrame:
    table = pd.DataFrame(np.random.default_rng(0).integers(0, 256, (n_images, n_pixels))).add_prefix("pixel")
    table.insert(0, "label", np.resize(labels, n_images))
    return table


def write(path: Path, table: pd.DataFrame) -> Path:
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    return path


def load(path: Path, group: str | None = None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    return tables.load(tables.find(path), group)


@pytest.mark.parametrize("name", ["own.csv", "own.csv.gz", "own.parquet"])
def test_every_file_format_gives_the_same_images(tmp_path, name):
    table = pixel_table()
    arrays, classes = load(write(tmp_path / name, table))
    expected = table.iloc[:, 1:].to_numpy(np.uint8).reshape(6, 3, 3)
    np.testing.assert_array_equal(arrays["x_train"], expected, strict=True)
    assert arrays["y_train"].tolist() == [2, 0, 1, 2, 0, 1]
    assert classes == ("0", "1", "2")


def test_test_images_are_read_from_a_second_table(tmp_path):
    write(tmp_path / "train.csv", pixel_table(6))
    write(tmp_path / "test.parquet", pixel_table(4))
    arrays, _ = load(tmp_path)
    assert [len(arrays[key]) for key in ("x_train", "y_train", "x_test", "y_test")] == [6, 6, 4, 4]


@pytest.mark.parametrize("name", ["own.csv", "own.parquet"])
def test_a_column_of_groups_is_not_pixels(tmp_path, name):
    table = pixel_table()
    table["writer"] = ["01", "1", "anna", "NA", "01", "anna"]
    arrays, _ = load(write(tmp_path / name, table), "writer")
    assert arrays["x_train"].shape == (6, 3, 3)
    np.testing.assert_array_equal(arrays["group_train"], hash_groups(table["writer"]))


def test_a_missing_group_is_an_error(tmp_path):
    table = pixel_table()
    path = write(tmp_path / "own.csv", table)
    assert "own.csv: it has no column writer, which data.group names" in error_message(load, path, "writer")
    table["writer"] = ["anna", None, *["ben"] * 4]
    assert "row 2 has no group in column writer" in error_message(load, write(path, table), "writer")


def test_labels_are_sorted_words_or_any_integers(tmp_path):
    for labels, names in ((["b", "NA", "a"], ("NA", "a", "b")), ([10, 9, 26], ("9", "10", "26"))):
        write(tmp_path / "train.csv", pixel_table(6, labels=labels))
        write(tmp_path / "test.csv", pixel_table(3, labels=labels[:1]))
        arrays, classes = load(tmp_path)
        assert classes == names
        assert [classes[index] for index in arrays["y_train"]] == [str(label) for label in labels * 2]
        assert [classes[index] for index in arrays["y_test"]] == [str(labels[0])] * 3


@pytest.mark.parametrize("name", ["own.csv", "own.parquet"])
def test_labels_are_sorted_as_words_unless_all_are_integers(tmp_path, name):
    for labels, names in ((["01", "1", "10"], ("01", "1", "10")), (["10", "9", "1"], ("1", "9", "10"))):
        arrays, classes = load(write(tmp_path / name, pixel_table(labels=labels)))
        assert classes == names
        assert [classes[index] for index in arrays["y_train"]] == labels * 2


def test_spaces_around_labels_are_ignored_and_a_lone_point_is_a_word(tmp_path):
    arrays, classes = load(write(tmp_path / "own.csv", pixel_table(labels=[" 9", "10 ", "."])))
    assert (classes, arrays["y_train"].tolist()) == ((".", "10", "9"), [2, 1, 0] * 2)


def test_all_words_of_one_table_may_look_like_numbers(tmp_path):
    write(tmp_path / "train.csv", pixel_table(6, labels=["1", "a"]))
    write(tmp_path / "test.csv", pixel_table(2, labels=["1"]))
    arrays, classes = load(tmp_path)
    assert (classes, arrays["y_test"].tolist()) == (("1", "a"), [0, 0])


def test_labels_may_be_categories(tmp_path):
    table = pixel_table(labels=["b", "a"]).astype({"label": "category"})
    arrays, classes = load(write(tmp_path / "own.parquet", table))
    assert (classes, arrays["y_train"].tolist()) == (("a", "b"), [1, 0] * 3)


def test_three_times_a_square_number_of_pixels_is_a_coloured_image(tmp_path):
    table = pixel_table(2, 12)
    images = load(write(tmp_path / "own.csv", table))[0]["x_train"]
    assert images.shape == (2, 2, 2, 3)
    assert images[0, 0, 1].tolist() == table.iloc[0, 4:7].tolist()


def test_pixels_may_be_whole_floats(tmp_path):
    table = pixel_table()
    floats = table.astype(dict.fromkeys(table.columns[1:], float))
    images = load(write(tmp_path / "own.csv", floats))[0]["x_train"]
    assert images.ravel().tolist() == table.iloc[:, 1:].to_numpy().ravel().tolist()


def replace_cell(row: int, column: int, value: object) -> pd.DataFrame:
    table = pixel_table().astype(object)
    table.iat[row, column] = value
    return table


NO_SQUARE = "columns of pixels; the number must be a square"
INVALID_TABLES = {
    "no label column": (
        pixel_table().rename(columns={"label": "digit"}),
        "one column must be named label; the first is",
    ),
    "duplicate name": (pixel_table().rename(columns={"pixel3": "pixel2"}), "two columns are named pixel2"),
    "no rows": (pixel_table(0), "it has no rows"),
    "missing label": (replace_cell(3, 0, None), "row 4 has no label"),
    "blank label": (replace_cell(1, 0, " "), "row 2 has no label"),
    "fractional labels": (pixel_table(labels=[0.5]), "labels must be whole numbers or words; the first is 0.5"),
    "fractional pixel": (
        replace_cell(2, 4, 0.5),
        "column pixel3 holds 0.5 in row 3; pixels must be whole numbers from 0 to 255",
    ),
    "large pixel": (replace_cell(0, 1, 256), "column pixel0 holds 256 in row 1; "),
    "negative pixel": (replace_cell(5, 9, -1), "column pixel8 holds -1 in row 6; "),
    "missing pixel": (replace_cell(2, 4, None), "column pixel3 holds nothing in row 3; "),
    "word as pixel": (replace_cell(2, 4, "white"), "column pixel3 has the type string; "),
    "not a square": (pixel_table(n_pixels=10), f"10 {NO_SQUARE}"),
    "no pixels": (pixel_table(n_pixels=0), f"0 {NO_SQUARE}"),
}


@pytest.mark.parametrize(("table", "message"), INVALID_TABLES.values(), ids=INVALID_TABLES)
def test_an_invalid_table_is_rejected(tmp_path, table, message):
    assert error_message(load, write(tmp_path / "own.csv", table)).startswith(f"cannot be used: own.csv: {message}")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("own.csv", b"", "Empty CSV file"),
        ("own.csv", b"label,a\n1,2,3\n", "CSV parse error: Expected 2 columns, got 3"),
        ("own.csv.gz", b"label,a\n1,2\n", "zlib inflate failed: "),
        ("own.parquet", b"label,a\n1,2\n", "Parquet magic bytes not found in footer"),
    ],
)
def test_a_file_that_is_not_a_table_is_rejected(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    error = error_message(load, tmp_path / name)
    assert error.startswith(f"cannot be used: {name}: ")
    assert message in error


def test_a_table_without_columns_is_rejected(tmp_path):
    error = error_message(load, write(tmp_path / "own.parquet", pd.DataFrame()))
    assert "own.parquet: one column must be named label; it has no columns" in error


def test_a_folder_holds_matching_train_and_test_tables_only(tmp_path):
    write(tmp_path / "test.csv", pixel_table(labels=[7]))
    assert error_message(load, tmp_path).startswith("holds test.csv; there must be one table named train")
    write(tmp_path / "train.csv", pixel_table())
    assert "test.csv has the label 7" in error_message(load, tmp_path)
    write(tmp_path / "sample.csv", pixel_table())
    assert error_message(load, tmp_path).startswith("holds sample.csv, test.csv, train.csv; ")
