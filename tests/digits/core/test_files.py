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
from tests.conftest import ROOT, complaint


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# writing


def test_text_is_written_as_utf8_and_missing_folders_are_created(tmp_path):
    files.write_text(tmp_path / "a/b/c.txt", "é × –\n")
    assert (tmp_path / "a/b/c.txt").read_bytes() == b"\xc3\xa9 \xc3\x97 \xe2\x80\x93\n"
    assert names(tmp_path / "a/b") == ["c.txt"]


def write_half(path: Path, error: type[BaseException]) -> None:
    with files.atomic_write(path) as temporary:
        (temporary / "variables").mkdir(parents=True)
        (temporary / "half").write_text("ne")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_only_the_old_file(tmp_path, error):
    (tmp_path / "model").write_text("old")
    with pytest.raises(error):
        write_half(tmp_path / "model", error)
    assert (tmp_path / "model").read_text() == "old"
    assert names(tmp_path) == ["model"]


WRITER = """
from digits.core.files import write_text

print("started", flush=True)
while True:
    for character in "ab":
        write_text("a.txt", character * 300_000)
"""


def test_a_file_is_complete_at_any_time(tmp_path):
    versions = [character * 300_000 for character in "ab"]
    files.write_text(tmp_path / "a.txt", versions[0])
    command, environment = [sys.executable, "-c", WRITER], os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        contents = {(tmp_path / "a.txt").read_text() for _ in range(100) if not time.sleep(0.002)}
        process.kill()
    assert contents == set(versions)
    assert (tmp_path / "a.txt").read_text() in versions


def test_an_invalid_json_value_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.json"
    files.write_json(file, {"é": 0.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(file, {"loss": float("nan")})
    assert file.read_text(encoding="utf-8") == '{\n  "é": 0.5\n}\n'
    assert files.read_json(file) == {"é": 0.5}
    assert names(tmp_path) == ["a.json"]


# reading


def read_error(read: Callable[[Path], object], path: Path) -> str:
    message = complaint(read, path)
    assert message.startswith(f"{path} cannot be read (")
    assert "`dvc repro`" in message
    return message


@pytest.mark.parametrize("content", [b"", b'{"a": ', b"\xff\xfe", b"hello"])
def test_invalid_json_is_one_line(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    read_error(files.read_json, tmp_path / "a.json")


@pytest.mark.parametrize("read", [files.read_json, files.read_array])
def test_a_missing_file_or_a_folder_is_one_line(tmp_path, read):
    assert "No such file or directory" in read_error(read, tmp_path / "a")
    assert "Is a directory" in read_error(read, tmp_path)


def test_an_array_is_read_as_a_copy_on_write_memory_map(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    files.write_array(tmp_path / "a.npy", array)
    loaded = files.read_array(tmp_path / "a.npy")
    np.testing.assert_array_equal(loaded, array, strict=True)
    assert isinstance(loaded, np.memmap)
    loaded[:] = 0
    np.testing.assert_array_equal(files.read_array(tmp_path / "a.npy"), array)


def test_a_truncated_or_damaged_array_is_one_line(tmp_path):
    file = tmp_path / "a.npy"
    files.write_array(file, np.arange(10, dtype=np.int32))
    complete = file.read_bytes()
    replacements = ((b"}", b" "), (b"<i4", b"<O4"), (b"shape", b"shame"), (b"NUMPY", b"numpy"))
    damaged = [complete.replace(*replacement, 1) for replacement in replacements]
    for content in (*damaged, *(complete[:length] for length in range(len(complete)))):
        file.write_bytes(content)
        read_error(files.read_array, file)


class Trap:
    """Creates a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.mkdir, (self.folder,)


def test_pickled_arrays_are_rejected(tmp_path):
    trap, file = Trap(tmp_path / "sprung"), tmp_path / "a.npy"
    np.save(file, np.array([trap], dtype=object), allow_pickle=True)
    read_error(files.read_array, file)
    file.write_bytes(pickle.dumps(trap))
    read_error(files.read_array, file)
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        files.write_array(tmp_path / "b.npy", np.array([trap], dtype=object))
    assert names(tmp_path) == ["a.npy"]


# removing


def test_remove_keeps_the_target_of_a_link(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    for name in ("file", "folder", "nothing", "link"):
        files.remove(tmp_path / name)
    assert names(tmp_path) == ["precious"]


# folders


def replace(folder: Path) -> None:
    with files.replace_folder(folder) as new:
        (new / "a").mkdir()
        (new / "a/file").write_text("new")


def fail_to_replace(folder: Path) -> None:
    with pytest.raises(OSError, match="full"), files.replace_folder(folder) as new:  # noqa: PT012
        (new / "half").write_text("new")
        raise OSError("full")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports/more").write_text("old")
    return tmp_path / "exports"


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_replaces_the_old_one_and_leftovers_of_a_killed_run(tmp_path, exports):
    for leftover in (".exports-new", ".exports-old"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / "half").write_text("killed")
    replace(exports)
    assert contents(tmp_path) == {"exports/a/file": "new"}
    assert names(tmp_path) == ["exports"]


def test_a_failed_write_leaves_only_the_old_folder(tmp_path, exports):
    fail_to_replace(exports)
    assert contents(tmp_path) == {"exports/more": "old"}
    assert names(tmp_path) == ["exports"]


@pytest.mark.parametrize(
    ("write", "expected"), [(fail_to_replace, {"exports/more": "old"}), (replace, {"exports/a/file": "new"})]
)
def test_a_run_killed_between_the_renames_loses_nothing(tmp_path, exports, write, expected):
    exports.rename(tmp_path / ".exports-old")
    write(exports)
    assert contents(tmp_path) == expected
