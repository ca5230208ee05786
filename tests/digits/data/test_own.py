import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digits.common.errors import UserError
from digits.data import own
from tests.images import ARRAYS, NPZ


def complaint(source: Path, size: int | None = None) -> str:
    with pytest.raises(UserError) as caught:
        own.load(str(source), size, ("mnist",))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("keys", [("x_train", "y_train"), tuple(ARRAYS)])
def test_an_npz_of_the_users_own_is_read_with_or_without_a_test_set(tmp_path, keys):
    np.savez(tmp_path / "own.npz", note=np.array("mine"), **{key: ARRAYS[key] for key in keys})
    arrays, classes = own.load(str(tmp_path / "own.npz"), None, ())
    assert classes is None
    assert set(arrays) == set(keys)
    np.testing.assert_array_equal(arrays["x_train"], ARRAYS["x_train"])


def odd_header() -> bytes:
    """NumPy counts its elements, and the number is too large for it."""
    shape = f"({10**30},)".encode()
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + b"}\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    return file.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x05\x06", b"\x80\x04N.", NPZ[:100], NPZ[:-30], NPZ[100:], odd_header()]
)
def test_a_file_of_another_kind_or_cut_short_is_one_clear_line(tmp_path, content):
    (tmp_path / "own.npz").write_bytes(content)
    assert complaint(tmp_path / "own.npz").startswith("is not a complete .npz file of arrays (")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_train": np.array([{}], dtype=object), "y_train": ARRAYS["y_train"]}, "Object arrays cannot be loaded"),
        ({"images": ARRAYS["x_train"], "y_train": ARRAYS["y_train"]}, "lacks x_train and has images, y_train"),
        ({}, "lacks x_train and y_train and has no arrays at all"),
        ({key: ARRAYS[key] for key in ("x_train", "y_train", "x_test")}, "lacks y_test and has x_train, y_train, x_t"),
        ({key: ARRAYS[key] for key in ("x_train", "y_train", "y_test")}, "lacks x_test and has x_train, y_train, y_t"),
    ],
    ids=["code to run", "other keys", "no keys", "no test labels", "no test images"],
)
def test_arrays_that_cannot_be_used_are_one_clear_line(tmp_path, arrays, reason):
    np.savez(tmp_path / "own.npz", **arrays)
    assert reason in complaint(tmp_path / "own.npz")


def test_a_single_array_and_a_size_for_arrays_are_one_clear_line(tmp_path):
    np.save(tmp_path / "own.npy", ARRAYS["x_train"])
    assert "it holds a single array" in complaint(tmp_path / "own.npy")
    assert complaint(tmp_path / "own.npy", 32).startswith(
        "has a size of its own; data.size = 32 is for folders of pict"
    )


def test_files_are_looked_for_where_the_repository_is_not_where_an_experiment_runs(tmp_path, monkeypatch):
    np.savez(tmp_path / "own.npz", **ARRAYS)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert set(own.load("own.npz", None, ())[0]) == set(ARRAYS)


def test_the_home_of_nobody_is_no_path():
    assert complaint(Path("~nobody-of-that-name/own.npz")).startswith("is neither a known name nor an existing path")
