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

from digits.core.cli import run_stage
from digits.core.errors import UserError


def main(family, seed):
    match family:
        case "user error":
            raise UserError("colour is blue; it must be red")
        case "bug":
            return 1 / 0
        case "missing":
            open("no/such/file")
        case "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        case "slow":
            print("started", flush=True)
            time.sleep(60)
    return f"trained {family} with {seed}"


# Python ignores Ctrl-C where a shell runs the tests in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
run_stage(main)
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "train.py").write_text(STAGE)
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": os.environ | {"PYTHONPATH": str(ROOT)}}
    return subprocess.Popen([sys.executable, "train.py", *arguments], cwd=folder, text=True, **options)


def run_stage(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_stage_prints_one_line(tmp_path):
    status, out, err = run_stage(tmp_path, "cnn", "2")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"train: trained cnn with 2 \(\d\.\d s\)\n", out)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["user error", "1"], "train: error: colour is blue; it must be red\n"),
        (["missing", "1"], "train: error: [Errno 2] No such file or directory: 'no/such/file'\n"),
        ([], "train: error: takes FAMILY SEED, not nothing\n"),
        (["cnn", "1", "2"], "train: error: takes FAMILY SEED, not cnn 1 2\n"),
    ],
)
def test_a_user_error_is_one_line_and_status_1(tmp_path, arguments, line):
    assert run_stage(tmp_path, *arguments) == (1, "", line)


def test_a_full_disk_error_names_the_folder_and_a_command(tmp_path):
    [line] = run_stage(tmp_path, "full", "1")[2].splitlines()
    assert line.startswith(f"train: error: [Errno 28] No space left on device ({tmp_path}); `dvc gc --workspace ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="exists on Linux only")
def test_a_full_disk_at_stdout_is_one_line(tmp_path):
    with Path("/dev/full").open("w") as full:
        assert stderr_with_stdout(full.fileno(), tmp_path).startswith(
            "train: error: [Errno 28] No space left on device ("
        )


def test_a_closed_pipe_prints_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    assert stderr_with_stdout(writer, tmp_path) == ""
    os.close(writer)


def stderr_with_stdout(stdout: int, folder: Path) -> str:
    """Return the standard error of a stage that fails to write to this file descriptor."""
    (folder / "train.py").write_text(STAGE)
    command = [sys.executable, "train.py", "cnn", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        command, cwd=folder, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
    assert result.returncode == 1
    return result.stderr


def test_a_reason_is_one_line_without_tensorflows_stack_trace():
    stack = "Graph execution error:\n\nDetected at node a\n  File b\n\n[10] is not [9]\n\t [[{{node a}}]]"
    reasons = [reason(ValueError(text)) for text in (stack, "one\ntwo", "")]
    assert reasons == ["[10] is not [9]", "one", "ValueError"]


def test_a_bug_keeps_its_traceback(tmp_path):
    status, out, err = run_stage(tmp_path, "bug", "1")
    assert (status, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_an_interrupted_stage_prints_one_line(tmp_path):
    process = start(tmp_path, "slow", "1")
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "train: interrupted\n")
    assert process.returncode == 1
