import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from digits.common import files
from digits.common.errors import UserError
from tests.conftest import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def killed_in_the_end(code: str, folder: Path) -> Iterator[None]:
    """Another process, which says when it has begun."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", f"from digits.common.files import *\n{code}"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield
        process.kill()
    assert process.returncode == -signal.SIGKILL


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


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    code = """
import time
with replacing("a.txt") as temporary:
    temporary.write_text("half of the n")
    print("begun", flush=True)
    time.sleep(60)
"""
    with killed_in_the_end(code, tmp_path):
        pass
    assert file.read_text() == "old"


def test_a_file_that_is_written_again_and_again_is_whole_whenever_it_is_read(tmp_path):
    versions = [character * 300_000 for character in "ab"]
    files.write_text(tmp_path / "a.txt", versions[0])
    code = """
print("begun", flush=True)
while True:
    for character in "ab":
        write_text("a.txt", character * 300_000)
"""
    with killed_in_the_end(code, tmp_path):
        seen = {(tmp_path / "a.txt").read_text() for _ in range(100) if not time.sleep(0.002)}
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


def complaint(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path} cannot be read (")
    assert str(caught.value).endswith("); `dvc repro` makes it again")
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe", b"hello"])
def test_json_that_is_not_whole_is_one_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    complaint(files.read_json, tmp_path / "a.json")


@pytest.mark.parametrize("read", [files.read_json, files.read_array])
def test_a_file_that_is_not_there_or_is_a_folder_is_one_line(tmp_path, read):
    assert "No such file or directory" in complaint(read, tmp_path / "a")
    assert "Is a directory" in complaint(read, tmp_path)


def test_an_array_comes_back_without_being_copied_into_memory(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    files.write_array(tmp_path / "a.npy", array)
    again = files.read_array(tmp_path / "a.npy")
    np.testing.assert_array_equal(again, array, strict=True)
    assert isinstance(again, np.memmap)
    again[:] = 0
    np.testing.assert_array_equal(files.read_array(tmp_path / "a.npy"), array)


def test_an_array_written_part_by_part_is_the_same_file(tmp_path):
    array = np.arange(2 * 7 * 5, dtype=np.uint8).reshape(7, 5, 2)
    files.write_array(tmp_path / "whole.npy", array)
    files.write_parts(tmp_path / "parts.npy", (array[:3], array[3:6], array[6:]), array.shape, array.dtype)
    assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_an_array_cut_short_anywhere_is_one_line(tmp_path):
    file = tmp_path / "a.npy"
    files.write_array(file, np.arange(10, dtype=np.int32))
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        complaint(files.read_array, file)


@pytest.mark.parametrize("damage", [(b"}", b" "), (b"<i4", b"<O4"), (b"shape", b"shame"), (b"NUMPY", b"numpy")])
def test_an_array_with_a_damaged_head_is_one_line(tmp_path, damage):
    file = tmp_path / "a.npy"
    files.write_array(file, np.arange(10, dtype=np.int32))
    file.write_bytes(file.read_bytes().replace(*damage, 1))
    complaint(files.read_array, file)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_an_array_that_would_run_code_when_read_is_refused(tmp_path):
    trap, file = Trap(tmp_path / "sprung"), tmp_path / "a.npy"
    np.save(file, np.array([trap], dtype=object), allow_pickle=True)
    complaint(files.read_array, file)
    file.write_bytes(pickle.dumps(trap))
    complaint(files.read_array, file)
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


def test_a_new_folder_takes_the_place_of_one_that_holds_more(tmp_path, made):
    fill(made)
    assert content(tmp_path) == {"made/a/file": "new"}
    assert names(tmp_path) == ["made"]


def test_where_writing_fails_the_old_folder_stays_and_nothing_else(tmp_path, made):
    fail(made)
    assert content(tmp_path) == {"made/more": "old"}


@pytest.mark.parametrize("left", [".made-new", ".made-old"])
def test_what_a_killed_run_left_beside_the_folder_goes_with_the_next(tmp_path, made, left):
    (tmp_path / left).mkdir()
    (tmp_path / left / "half").write_text("killed")
    fill(made)
    assert content(tmp_path) == {"made/a/file": "new"}
    assert names(tmp_path) == ["made"]


@pytest.mark.parametrize(("write", "after"), [(fail, {"made/more": "old"}), (fill, {"made/a/file": "new"})])
def test_a_run_killed_amid_the_exchange_loses_nothing(tmp_path, made, write, after):
    made.rename(tmp_path / ".made-old")
    write(made)
    assert content(tmp_path) == after
