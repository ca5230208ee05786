import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENT
from tests.servers import running


@pytest.fixture(scope="session")
def demo(drawing_project: Path) -> Iterator[str]:
    """The address of a running demo."""
    with served(drawing_project) as address:
        yield address


@contextmanager
def served(folder: Path, typed: str = "") -> Iterator[str]:
    command = [sys.executable, "-m", "demo"]
    options = {"environment": ENVIRONMENT, "cwd": folder, "stdout": subprocess.PIPE, "text": True}
    with terminal(typed) as stdin, running(command, signal.SIGTERM, stdin=stdin, **options) as process:
        line = next(line for line in process.stdout if "http" in line)
        yield re.search(r"http://\S+", line)[0]
        process.terminate()
        process.wait(3)  # a demo that ends later raises an error


@contextmanager
def terminal(typed: str) -> Iterator[int]:
    """A terminal's file descriptor, for a process's stdin, with this input."""
    controller, descriptor = pty.openpty()
    os.write(controller, typed.encode())
    yield descriptor
    os.close(controller)
    os.close(descriptor)
