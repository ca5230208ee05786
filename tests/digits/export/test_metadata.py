"""What each format tells of itself, on files that hold nothing else."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

from digits.common.errors import UserError
from digits.export import metadata
from digits.export.metadata import Metadata
from digits.inference.preprocessing import Preprocessing

ABOUT = Metadata(
    model="cnn-tuned-3", classes=("0", "süß", "日"), placing=Preprocessing(shape=(28, 28, 1), kind="sign", box=20)
)
FORMATS = ("model.keras", "model.h5", "model.weights.h5", "saved_model")


@pytest.fixture
def bare(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        if path.suffix == ".keras":
            zipfile.ZipFile(path, "w").close()
        elif path.suffix == ".h5":
            h5py.File(path, "w").close()
        else:
            path.mkdir()
        return path

    return make


def write_text(path: Path, text: str) -> None:
    if path.suffix == ".keras":
        with zipfile.ZipFile(path, "a") as file:
            file.writestr("digits.json", text)
    elif path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file.attrs["digits"] = text
    else:
        (path / "assets.extra").mkdir()
        (path / "assets.extra/digits.json").write_text(text)


@pytest.mark.parametrize("name", FORMATS)
def test_what_was_written_is_read_back(bare: Callable[[str], Path], name: str) -> None:
    path = bare(name)
    metadata.write(path, ABOUT)
    assert metadata.read(path) == ABOUT


@pytest.mark.parametrize("name", FORMATS)
def test_a_model_that_tells_nothing_of_itself_has_none(bare: Callable[[str], Path], name: str) -> None:
    assert metadata.read(bare(name)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": "cnn"}', ABOUT.model_dump_json()[:-1]])
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_broken_is_one_line_that_names_the_file(bare: Callable[[str], Path], name: str, text: str) -> None:
    path = bare(name)
    write_text(path, text)
    with pytest.raises(UserError) as caught:
        metadata.read(path)
    assert str(caught.value).startswith(f"{path} does not say what it is (")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS[:3])
def test_a_file_that_is_cut_short_or_missing_is_one_line(bare: Callable[[str], Path], name: str) -> None:
    path = bare(name)
    metadata.write(path, ABOUT)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="does not say what it is"):
        metadata.read(path)
    path.unlink()
    with pytest.raises(UserError, match="No such file"):
        metadata.read(path)
