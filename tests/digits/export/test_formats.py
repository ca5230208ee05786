"""Metadata in each format, on files that hold nothing else, and which format a file has."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from digits.core.errors import UserError
from digits.data.preprocessing import Preprocessing
from digits.export.formats import FORMATS, format_of, read_metadata
from digits.export.metadata import Metadata
from tests.conftest import complaint

METADATA = Metadata(
    model="cnn-tuned-3",
    classes=("0", "süß", "日"),
    preprocessing=Preprocessing(shape=(28, 28, 1), kind="glyph", glyph_size=20),
)
TEXT = METADATA.model_dump_json()
FORMER = '{"model": "cnn-tuned-3", "classes": ["0"], "placing": {"shape": [28, 28, 1], "kind": "sign", "box": 20}}'
EACH_FILE = pytest.mark.parametrize("file", [each.file for each in FORMATS])


@pytest.fixture
def holding(tmp_path: Path) -> Callable[..., Path]:
    def make(file: str, text: str | None = None) -> Path:
        path = tmp_path / file
        if path.suffix == ".keras":
            zipfile.ZipFile(path, "w").close()
        elif path.suffix == ".tflite":
            path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(40))
        elif path.suffix == ".h5":
            h5py.File(path, "w").close()
        else:
            path.mkdir()
        if text is not None:
            format_of(path).storage.write(path, text)
        return path

    return make


@EACH_FILE
def test_metadata_are_read_back_as_written(holding: Callable[..., Path], file: str) -> None:
    assert read_metadata(holding(file, TEXT)) == METADATA


@EACH_FILE
def test_a_model_without_metadata_has_none(holding: Callable[..., Path], file: str) -> None:
    assert read_metadata(holding(file)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": "cnn"}', FORMER, TEXT[:-1]])
@EACH_FILE
def test_broken_metadata_are_a_one_line_error(holding: Callable[..., Path], file: str, text: str) -> None:
    path = holding(file, text)
    assert complaint(read_metadata, path).startswith(f"{path}: its metadata cannot be read (")


@pytest.mark.parametrize("file", ["model.keras", "model.h5"])  # cut short, a .tflite file is one without metadata
def test_a_truncated_or_missing_file_is_a_one_line_error(holding: Callable[..., Path], file: str) -> None:
    path = holding(file, TEXT)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="its metadata cannot be read"):
        read_metadata(path)
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        read_metadata(path)


def test_an_ending_or_a_folder_tells_the_format(tmp_path: Path) -> None:
    paths = (Path("a.keras"), Path("a.h5"), Path("a.tflite"), tmp_path)
    assert [format_of(path).file for path in paths] == ["model.keras", "model.h5", "model.tflite", "saved_model"]
    assert format_of(Path("tuned")) is format_of(Path("a.txt")) is None
