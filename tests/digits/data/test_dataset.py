import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from digits.core.errors import UserError
from digits.data import dataset
from digits.data.dataset import Selection, Split
from tests.conftest import error_message

SHAPE = "it must be count × height × width"
UINT8 = "pixels must be uint8"
ONE_NUMBER = "labels must be one number each"
ANY_ARRAY = arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=5, max_side=3))


def black_images(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.zeros(shape, dtype)


def float_images(*values: float) -> np.ndarray:
    """Return five images, with a value in each of the first ones."""
    images = np.zeros((5, 2, 2))
    images[: len(values), 0, 0] = values
    return images


def black_split(labels: list[int], shape: tuple[int, ...] = (2, 2, 1)) -> Split:
    return Split(black_images(len(labels), *shape), np.array(labels, np.int32))


# one split


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (black_images(3, 9, 7), (3, 9, 7, 1)),
        (black_images(3, 9, 7, 1), (3, 9, 7, 1)),
        (black_images(3, 9, 7, 3), (3, 9, 7, 3)),
    ],
    ids=["grey", "grey with a channel", "colour"],
)
def test_images_of_any_size_are_valid_and_get_a_channel(x, shape):
    split = dataset.validate_split({"x_train": x, "y_train": np.array([0, 1, 1])}, "train")
    assert split.images.shape == shape
    assert split.images.dtype == np.uint8
    assert len(split) == 3


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i4", "u4", "i8", "u8"])
def test_labels_of_any_integer_type_become_int32(dtype):
    labels = dataset.validate_labels("y_train", np.array([0, 2, 1], dtype))
    assert labels.dtype == np.int32
    assert labels.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (black_images(0, 2, 2), "x_test is empty (shape (0, 2, 2))"),
        (float_images(), f"x_test is float64; {UINT8}"),
        (black_images(5, 2, 2, dtype=np.int64), f"x_test is int64; {UINT8}"),
        (np.array([[["cat.png"]]]), f"x_test is <U7; {UINT8}"),
        (float_images(np.nan, 0, np.inf), "x_test holds NaN or infinity in 2 images"),
        (black_images(5, 4), f"x_test has shape (5, 4); {SHAPE}"),
        (black_images(5, 2, 2, 2), f"x_test has shape (5, 2, 2, 2); {SHAPE}"),
        (np.array(3, np.uint8), f"x_test has shape (); {SHAPE}"),
        (black_images(4, 2, 2), "x_test has 4 images but y_test has 5 labels"),
    ],
)
def test_invalid_images_are_rejected(x, message):
    arrays = {"x_test": x, "y_test": np.zeros(5, int)}
    assert error_message(dataset.validate_split, arrays, "test").startswith(message)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.eye(5), f"has shape (5, 5); {ONE_NUMBER}"),
        (np.array(3), f"has shape (); {ONE_NUMBER}"),
        (np.array([0, 1.0]), "is float64; labels must be integers (if whole: y.astype('int32'))"),
        (np.array([0, 1.5, 2.5]), "is float64, such as 1.5; labels must be integers"),
        (np.array([0, np.nan]), "is float64, such as nan; labels must be integers"),
        (np.array([0, np.inf]), "is float64, such as inf; labels must be integers"),
        (np.array([True, False]), "is bool; labels must be integers"),
        (np.array(["cat", "dog"]), "is <U3; labels must be integers"),
        (np.array([3, -1]), "holds the label -1; labels must be integers from 0"),
        (np.array([3, 2**31]), "holds the label 2147483648 but only 2 labels"),
    ],
)
def test_invalid_labels_are_rejected(y, message):
    assert error_message(dataset.validate_labels, "y_train", y).startswith(f"y_train {message}")


@pytest.mark.parametrize(
    ("missing", "message"), [(["x_train"], "x_train is missing"), (["x_train", "y_train"], "x_train and y_train are")]
)
def test_missing_arrays_are_rejected(missing, message):
    arrays = {"x_train": black_images(5, 2, 2), "y_train": np.zeros(5, int)}
    arrays = {name: array for name, array in arrays.items() if name not in missing}
    assert error_message(dataset.validate_split, arrays, "train").startswith(message)


def split_or_error(x: np.ndarray, y: np.ndarray) -> Split | str:
    try:
        return dataset.validate_split({"x_train": x, "y_train": y}, "train")
    except UserError as error:
        return str(error)


@settings(max_examples=150)
@given(ANY_ARRAY, ANY_ARRAY)
@example(np.array(np.nan), np.zeros(3, int))
@example(black_images(2, 2, 2), np.array([1, 2], "m8[s]"))
@example(black_images(2, 2, 2), np.array([0, 1], "f2"))
def test_any_two_arrays_give_a_split_or_an_error_of_one_line(x, y):
    result = split_or_error(x, y)
    if isinstance(result, str):
        assert re.match(r"[xy]_train [^\n]+$", result)
    else:
        assert (result.images.dtype, result.labels.dtype, result.images.ndim) == (np.uint8, np.int32, 4)
        assert len(result.images) == len(result.labels) > 0
        assert result.labels.min() >= 0


# all splits


@pytest.mark.parametrize(
    ("train", "test", "classes", "message"),
    [
        (
            black_split([0, 1], (9, 7, 3)),
            black_split([0, 1], (7, 9, 1)),
            "ab",
            "x_train's images are 9 × 7 × 3 but x_test's are 7 × 9 × 1",
        ),
        (black_split([0, 0]), None, "a", "there is only one class, a; "),
        (black_split([0, 1, 2]), None, "ab", "y_train holds the label 2 but there are 2 classes (a, b)"),
        (black_split([0, 1]), black_split([0, 5]), "ab", "y_test holds the label 5 but there are 2 classes (a, b)"),
        (black_split([0, 7]), None, "abcdefgh", "y_train has no image of b, c, d, e, f and 1 more"),
        (black_split([0, 1]), black_split([1, 1]), "ab", "y_test has no image of a; each of the 2 classes needs some"),
    ],
    ids=["shapes", "one class", "label above", "test label above", "many empty", "empty in test"],
)
def test_splits_that_do_not_match_are_rejected(train, test, classes, message):
    assert error_message(dataset.validate_together, train, test, tuple(classes)).startswith(message)


# on disk


@settings(max_examples=20)
@given(st.data())
def test_a_loaded_split_equals_the_saved_one(tmp_path_factory, data):
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])))
    split = Split(
        data.draw(arrays_of.arrays(np.uint8, shape)), data.draw(arrays_of.arrays(np.int32, shape[0], elements={}))
    )
    folder = tmp_path_factory.mktemp("split")
    dataset.save(split, folder)
    loaded = dataset.load(folder)
    np.testing.assert_array_equal(loaded.images, split.images, strict=True)
    np.testing.assert_array_equal(loaded.labels, split.labels, strict=True)


def test_saved_bytes_do_not_depend_on_memory_layout(tmp_path):
    split = Split(np.arange(60, dtype=np.uint8).reshape(5, 4, 3, 1), np.arange(5, dtype=np.int32))
    strided = Split(np.repeat(split.images, 2, axis=0)[::2], split.labels[::-1][::-1])
    assert not strided.images.flags.c_contiguous
    dataset.save(split, tmp_path / "contiguous")
    dataset.save(strided, tmp_path / "strided")
    for name in ("images.npy", "labels.npy"):
        assert (tmp_path / "contiguous" / name).read_bytes() == (tmp_path / "strided" / name).read_bytes()


def test_an_extracted_selection_has_the_bytes_of_a_saved_split(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "CHUNK_SIZE", 2)
    split = black_split([0, 1, 2, 1, 0, 2, 2])
    selection = Selection(split, np.arange(7)).take(np.array([1, 2, 4, 5, 6])).take(np.array([0, 1, 3, 4, 2]))
    extracted = dataset.extract(selection, tmp_path / "extracted")
    dataset.save(split.take(np.array([1, 2, 5, 6, 4])), tmp_path / "saved")
    for name in ("images.npy", "labels.npy"):
        assert (tmp_path / "extracted" / name).read_bytes() == (tmp_path / "saved" / name).read_bytes()
    assert extracted.labels.tolist() == selection.labels.tolist() == [1, 2, 2, 2, 0]


def test_a_split_with_too_few_labels_is_rejected(project):
    folder = Path("data/prepared/train")
    dataset.save(black_split([0, 1, 1]), folder)
    np.save(folder / "labels.npy", np.zeros(2, np.int32))
    error = error_message(dataset.load, folder)
    assert error.startswith("data/prepared/train holds 3 images and 2 labels")
    assert "`dvc repro --force prepare`" in error


def test_a_missing_split_is_an_error(tmp_path):
    assert f"{tmp_path}/images.npy cannot be read" in error_message(dataset.load, tmp_path)
