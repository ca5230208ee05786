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
from tests.conftest import complaint

SHAPES = "it must be count × height × width"
UINT8 = "pixels must be uint8"
ONE_EACH = "labels must be one number each"
ANY_ARRAY = arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=5, max_side=3))


def images(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.zeros(shape, dtype)


def broken(*values: float) -> np.ndarray:
    """Five images, the first of which hold these values."""
    x = np.zeros((5, 2, 2))
    x[: len(values), 0, 0] = values
    return x


def split(labels: list[int], shape: tuple[int, ...] = (2, 2, 1)) -> Split:
    return Split(images(len(labels), *shape), np.array(labels, np.int32))


# one part


@pytest.mark.parametrize(
    ("x", "shape"),
    [(images(3, 9, 7), (3, 9, 7, 1)), (images(3, 9, 7, 1), (3, 9, 7, 1)), (images(3, 9, 7, 3), (3, 9, 7, 3))],
    ids=["grey", "grey with a channel", "colour"],
)
def test_images_of_any_size_are_accepted_and_get_a_channel(x, shape):
    part = dataset.accept({"x_train": x, "y_train": np.array([0, 1, 1])}, "train")
    assert part.images.shape == shape
    assert part.images.dtype == np.uint8
    assert len(part) == 3


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i4", "u4", "i8", "u8"])
def test_labels_of_any_kind_of_integer_become_one_kind(dtype):
    accepted = dataset.accept_labels("y_train", np.array([0, 2, 1], dtype))
    assert accepted.dtype == np.int32
    assert accepted.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("x", "line"),
    [
        (images(0, 2, 2), "x_test is empty (shape (0, 2, 2))"),
        (broken(), f"x_test is float64; {UINT8}"),
        (images(5, 2, 2, dtype=np.int64), f"x_test is int64; {UINT8}"),
        (np.array([[["cat.png"]]]), f"x_test is <U7; {UINT8}"),
        (broken(np.nan, 0, np.inf), "x_test holds NaN or infinity in 2 images"),
        (images(5, 4), f"x_test has shape (5, 4); {SHAPES}"),
        (images(5, 2, 2, 2), f"x_test has shape (5, 2, 2, 2); {SHAPES}"),
        (np.array(3, np.uint8), f"x_test has shape (); {SHAPES}"),
        (images(4, 2, 2), "x_test has 4 images but y_test has 5 labels"),
    ],
)
def test_what_are_no_images_is_one_line(x, line):
    assert complaint(dataset.accept, {"x_test": x, "y_test": np.zeros(5, int)}, "test").startswith(line)


@pytest.mark.parametrize(
    ("y", "line"),
    [
        (np.eye(5), f"has shape (5, 5); {ONE_EACH}"),
        (np.array(3), f"has shape (); {ONE_EACH}"),
        (np.array([0, 1.0]), "is float64; labels must be integers (if whole: y.astype('int32'))"),
        (np.array([0, 1.5, 2.5]), "is float64, such as 1.5; labels must be integers"),
        (np.array([0, np.nan]), "is float64, such as nan; labels must be integers"),
        (np.array([0, np.inf]), "is float64, such as inf; labels must be integers"),
        (np.array([True, False]), "is bool; labels must be integers"),
        (np.array(["cat", "dog"]), "is <U3; labels must be integers"),
        (np.array([3, -1]), "goes down to -1; labels must be integers from 0"),
        (np.array([3, 2**31]), "goes up to 2147483648 with 2 labels"),
    ],
)
def test_what_are_no_labels_is_one_line(y, line):
    assert complaint(dataset.accept_labels, "y_train", y).startswith(f"y_train {line}")


@pytest.mark.parametrize(
    ("lacking", "line"), [(["x_train"], "x_train is missing"), (["x_train", "y_train"], "x_train and y_train are")]
)
def test_what_was_not_downloaded_is_said(lacking, line):
    there = {"x_train": images(5, 2, 2), "y_train": np.zeros(5, int)}
    found = {name: array for name, array in there.items() if name not in lacking}
    assert complaint(dataset.accept, found, "train").startswith(line)


def accepted(x: np.ndarray, y: np.ndarray) -> Split | str:
    try:
        return dataset.accept({"x_train": x, "y_train": y}, "train")
    except UserError as mistake:
        return str(mistake)


@settings(max_examples=150)
@given(ANY_ARRAY, ANY_ARRAY)
@example(np.array(np.nan), np.zeros(3, int))
@example(images(2, 2, 2), np.array([1, 2], "m8[s]"))
@example(images(2, 2, 2), np.array([0, 1], "f2"))
def test_any_two_arrays_are_a_split_or_one_line(x, y):
    found = accepted(x, y)
    if isinstance(found, str):
        assert re.match(r"[xy]_train [^\n]+$", found)
    else:
        assert (found.images.dtype, found.labels.dtype, found.images.ndim) == (np.uint8, np.int32, 4)
        assert len(found.images) == len(found.labels) > 0
        assert found.labels.min() >= 0


# all parts


@pytest.mark.parametrize(
    ("train", "test", "classes", "line"),
    [
        (
            split([0, 1], (9, 7, 3)),
            split([0, 1], (7, 9, 1)),
            "ab",
            "x_train's images are 9 × 7 × 3 but x_test's are 7 × 9 × 1",
        ),
        (split([0, 0]), None, "a", "y_train holds one class only"),
        (split([0, 1, 2]), None, "ab", "y_train goes up to 2 but there are 2 classes (a, b)"),
        (split([0, 1]), split([0, 5]), "ab", "y_test goes up to 5 but there are 2 classes (a, b)"),
        (split([0, 7]), None, "abcdefgh", "y_train has no image of b, c, d, e, f and 1 more"),
        (split([0, 1]), split([1, 1]), "ab", "y_test has no image of a; each of the 2 classes needs some"),
    ],
    ids=["shapes", "one class", "label above", "test label above", "many empty", "empty in test"],
)
def test_what_does_not_fit_together_is_one_line(train, test, classes, line):
    assert complaint(dataset.accept_together, train, test, tuple(classes)).startswith(line)


# on disk


@settings(max_examples=20)
@given(st.data())
def test_a_split_comes_back_as_it_was_saved(tmp_path_factory, data):
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 3])))
    part = Split(
        data.draw(arrays_of.arrays(np.uint8, shape)), data.draw(arrays_of.arrays(np.int32, shape[0], elements={}))
    )
    folder = tmp_path_factory.mktemp("split")
    dataset.save(part, folder)
    again = dataset.load(folder)
    np.testing.assert_array_equal(again.images, part.images, strict=True)
    np.testing.assert_array_equal(again.labels, part.labels, strict=True)


def test_a_split_is_saved_to_the_same_bytes_however_it_lies_in_memory(tmp_path):
    part = Split(np.arange(60, dtype=np.uint8).reshape(5, 4, 3, 1), np.arange(5, dtype=np.int32))
    other = Split(np.repeat(part.images, 2, axis=0)[::2], part.labels[::-1][::-1])
    assert not other.images.flags.c_contiguous
    dataset.save(part, tmp_path / "one")
    dataset.save(other, tmp_path / "other")
    for name in ("images.npy", "labels.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_what_is_selected_is_extracted_to_the_bytes_of_a_split_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "AT_ONCE", 2)
    whole = split([0, 1, 2, 1, 0, 2, 2])
    chosen = Selection(whole, np.arange(7)).take(np.array([1, 2, 4, 5, 6])).take(np.array([0, 1, 3, 4, 2]))
    extracted = dataset.extract(chosen, tmp_path / "extracted")
    dataset.save(whole.take(np.array([1, 2, 5, 6, 4])), tmp_path / "saved")
    for name in ("images.npy", "labels.npy"):
        assert (tmp_path / "extracted" / name).read_bytes() == (tmp_path / "saved" / name).read_bytes()
    assert extracted.labels.tolist() == chosen.labels.tolist() == [1, 2, 2, 2, 0]


def test_a_split_of_which_a_part_was_replaced_is_one_line(project):
    folder = Path("data/prepared/train")
    dataset.save(split([0, 1, 1]), folder)
    np.save(folder / "labels.npy", np.zeros(2, np.int32))
    said = complaint(dataset.load, folder)
    assert said.startswith("data/prepared/train holds 3 images and 2 labels; `dvc repro --force prepare`")


def test_a_split_that_is_not_there_says_what_makes_it(tmp_path):
    assert f"{tmp_path}/images.npy cannot be read" in complaint(dataset.load, tmp_path)
