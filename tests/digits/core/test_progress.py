import os
import pty
import re
import subprocess
import sys
import termios

from digits.core import progress
from digits.core.progress import ProgressBar
from tests.conftest import ROOT

WORK = """
from digits.core.progress import ProgressBar

with ProgressBar(4, "cnn-tuned-1", "epoch") as progress:
    for loss in (0.5, 0.25, 0.125, 0.1):
        progress.advance(note=f"loss {loss}")
"""


def test_quick_work_is_one_line_in_a_log(capfd):
    with ProgressBar(2, "cnn-tuned-1", "epoch") as bar:
        bar.advance(note="loss 0.5")
        assert capfd.readouterr() == ("", "")
        bar.advance(note="loss 0.1")
    assert capfd.readouterr() == ("", "cnn-tuned-1: 100% · 0 s · loss 0.1\n")


def test_slow_work_is_several_lines_in_a_log(capfd, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with ProgressBar(8, "download", "B") as bar:
        for amount in (2, 2, 4):
            bar.advance(amount)
    assert capfd.readouterr().err == "download:  25% · 0 s\ndownload:  50% · 0 s\ndownload: 100% · 0 s\n"


def test_a_terminal_has_a_moving_bar():
    terminal, stderr = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_MININTERVAL": "0"}
    command = [sys.executable, "-c", WORK]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, timeout=60, check=True)
    os.close(stderr)
    output = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    assert result.stdout == b""
    assert list(dict.fromkeys(re.findall(r"(\d)/4", output))) == ["0", "1", "2", "3", "4"]
    assert output.count("\r") >= 5
    assert output.count("\n") == 1
    assert "cnn-tuned-1: 100%" in output
    assert "loss 0.1]" in output
