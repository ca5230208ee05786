import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from digits.core import files
from tests.conftest import ROOT, error_message


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# writing


def test_text_is_the_same_bytes_everywhere_and_folders_on_the_way_are_made(tmp_path):
    files.write_text(tmp_path / "a/b/c.txt", "é × –\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"\xc3\xa9 \xc3\x97 \xe2\x80\x93\n"
    assert names(tmp_path / "a/b") == ["c.txt"]


def write_half(path: Path, mistake: type[BaseException]) -> None:
    with files.replacing(path) as temporary:
        (temporary / "variables").mkdir(parents=True)
        (temporary / "half").write_text("ne")
        raise mistake


@pytest.mark.parametrize("mistake", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path, mistake):
    (tmp_path / "model").write_text("old")
    with pytest.raises(mistake):
        write_half(tmp_path / "model", mistake)
    assert (tmp_path / "model").read_text() == "old"
    assert names(tmp_path) == ["model"]


WRITER = """
from digits.core.files import write_text

print("begun", flush=True)
while True:
    for character in "ab":
        write_text("a.txt", character * 300_000)
"""


def test_a_file_is_whole_whenever_it_is_read_and_after_its_writer_was_killed(tmp_path):
    versions = [character * 300_000 for character in "ab"]
    files.write_text(tmp_path / "a.txt", versions[0])
    command, environment = [sys.executable, "-c", WRITER], os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        seen = {(tmp_path / "a.txt").read_text() for _ in range(100) if not time.sleep(0.002)}
        process.kill()
    assert seen == set(versions)
    assert (tmp_path / "a.txt").read_text() in versions


def test_a_value_that_json_does_not_know_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.json"
    files.write_json(file, {"é": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(file, {"loss": float("nan")})
    assert file.read_text(encoding="utf-8") == '{\n  "é": 0.5\n}\n'
    assert files.read_json(file) == {"é": 0.5}
    assert names(tmp_path) == ["a.json"]


# reading


def unreadable(read: Callable[[Path], object], path: Path) -> str:
    said = error_message(read, path)
    assert said.startswith(f"{path} cannot be read (")
    assert said.endswith("); `dvc repro` makes it again")
    return said


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe", b"hello"])
def test_json_that_is_not_whole_is_one_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    unreadable(files.read_json, tmp_path / "a.json")


@pytest.mark.parametrize("read", [files.read_json, files.read_array])
def test_a_file_that_is_not_there_or_is_a_folder_is_one_line(tmp_path, read):
    assert "No such file or directory" in unreadable(read, tmp_path / "a")
    assert "Is a directory" in unreadable(read, tmp_path)


def test_an_array_comes_back_without_being_copied_into_memory(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    files.write_array(tmp_path / "a.npy", array)
    again = files.read_array(tmp_path / "a.npy")
    np.testing.assert_array_equal(again, array, strict=True)
    assert isinstance(again, np.memmap)
    again[:] = 0
    np.testing.assert_array_equal(files.read_array(tmp_path / "a.npy"), array)


def test_an_array_cut_short_anywhere_or_with_a_damaged_head_is_one_line(tmp_path):
    file = tmp_path / "a.npy"
    files.write_array(file, np.arange(10, dtype=np.int32))
    whole = file.read_bytes()
    damages = ((b"}", b" "), (b"<i4", b"<O4"), (b"shape", b"shame"), (b"NUMPY", b"numpy"))
    damaged = [whole.replace(*damage, 1) for damage in damages]
    for content in (*damaged, *(whole[:length] for length in range(len(whole)))):
        file.write_bytes(content)
        unreadable(files.read_array, file)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_an_array_that_would_run_code_when_read_is_refused(tmp_path):
    trap, file = Trap(tmp_path / "sprung"), tmp_path / "a.npy"
    np.save(file, np.array([trap], dtype=object), allow_pickle=True)
    unreadable(files.read_array, file)
    file.write_bytes(pickle.dumps(trap))
    unreadable(files.read_array, file)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        files.write_array(tmp_path / "b.npy", np.array([trap], dtype=object))
    assert names(tmp_path) == ["a.npy"]


# removing


def test_what_is_removed_is_gone_but_not_what_a_link_leads_to(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    for name in ("file", "folder", "nothing", "link"):
        files.remove(tmp_path / name)
    assert names(tmp_path) == ["precious"]


# folders


def fill(folder: Path) -> None:
    with files.replacing_folder(folder) as new:
        (new / "a").mkdir()
        (new / "a/file").write_text("new")


def fail(folder: Path) -> None:
    with pytest.raises(OSError, match="full"), files.replacing_folder(folder) as new:  # noqa: PT012
        (new / "half").write_text("new")
        raise OSError("full")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/more").write_text("old")
    return tmp_path / "made"


def content(place: Path) -> dict[str, str]:
    return {str(each.relative_to(place)): each.read_text() for each in place.rglob("*") if each.is_file()}


def test_a_new_folder_takes_the_place_of_one_that_holds_more_and_of_what_a_killed_run_left(tmp_path, made):
    for left in (".made-new", ".made-old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "half").write_text("killed")
    fill(made)
    assert content(tmp_path) == {"made/a/file": "new"}
    assert names(tmp_path) == ["made"]


def test_where_writing_fails_the_old_folder_stays_and_nothing_else(tmp_path, made):
    fail(made)
    assert content(tmp_path) == {"made/more": "old"}
    assert names(tmp_path) == ["made"]


@pytest.mark.parametrize(("write", "after"), [(fail, {"made/more": "old"}), (fill, {"made/a/file": "new"})])
def test_a_run_killed_amid_the_exchange_loses_nothing(tmp_path, made, write, after):
    made.rename(tmp_path / ".made-old")
    write(made)
    assert content(tmp_path) == after
