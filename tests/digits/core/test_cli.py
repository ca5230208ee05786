import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from digits.core.errors import reason
from tests.conftest import ROOT

STAGE = """
import errno
import signal
import time

from digits.core.cli import run
from digits.core.errors import UserError


def main(family, seed):
    match family:
        case "mistake":
            raise UserError("colour is blue; it must be red")
        case "bug":
            return 1 / 0
        case "missing":
            open("no/such/file")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "slow":
            print("begun", flush=True)
            time.sleep(60)
    return f"trained {family} with {seed}"


# Tests run in the background of a shell ignore Ctrl-C, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
run(main)
"""


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "train.py").write_text(STAGE)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    return subprocess.Popen([sys.executable, "train.py", *arguments], cwd=folder, text=True, **options)


def ran(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = started(folder, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_stage_that_is_done_says_so_in_one_line(tmp_path):
    status, out, err = ran(tmp_path, "cnn", "2")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"train: trained cnn with 2 \(\d\.\d s\)\n", out)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["mistake", "1"], "train: error: colour is blue; it must be red\n"),
        (["missing", "1"], "train: error: [Errno 2] No such file or directory: 'no/such/file'\n"),
        ([], "train: error: takes FAMILY SEED, not nothing\n"),
        (["cnn", "1", "2"], "train: error: takes FAMILY SEED, not cnn 1 2\n"),
    ],
)
def test_a_mistake_is_one_line_and_status_1(tmp_path, arguments, line):
    assert ran(tmp_path, *arguments) == (1, "", line)


def test_a_full_disk_says_where_and_how_to_make_room(tmp_path):
    [line] = ran(tmp_path, "full", "1")[2].splitlines()
    assert line.startswith(f"train: error: [Errno 28] No space left on device ({tmp_path}); `dvc gc --workspace ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's")
def test_output_that_cannot_be_written_is_one_line(tmp_path):
    with Path("/dev/full").open("w") as full:
        assert written_to(full.fileno(), tmp_path).startswith("train: error: [Errno 28] No space left on device (")


def test_a_reader_who_has_gone_is_no_mistake(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    assert written_to(writer, tmp_path) == ""
    os.close(writer)


def written_to(output: int, folder: Path) -> str:
    """What a stage that cannot write its line prints as an error."""
    (folder / "train.py").write_text(STAGE)
    command = [sys.executable, "train.py", "cnn", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=output, stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 1
    return done.stderr


def test_a_reason_is_one_line_also_where_tensorflow_begins_with_a_stack():
    stack = "Graph execution error:\n\nDetected at node a\n  File b\n\n[10] is not [9]\n\t [[{{node a}}]]"
    reasons = [reason(ValueError(text)) for text in (stack, "one\ntwo", "")]
    assert reasons == ["[10] is not [9]", "one", "ValueError"]


def test_a_bug_keeps_its_traceback(tmp_path):
    status, out, err = ran(tmp_path, "bug", "1")
    assert (status, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_an_interrupted_stage_says_so_in_one_line(tmp_path):
    process = started(tmp_path, "slow", "1")
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "train: interrupted\n")
    assert process.returncode == 1
