import os
import pty
import re
import subprocess
import sys
import termios

from digits.core import progress
from digits.core.progress import Progress
from tests.conftest import ROOT

WORK = """
from digits.core.progress import Progress

with Progress(4, "cnn-tuned-1", "epoch") as progress:
    for loss in (0.5, 0.25, 0.125, 0.1):
        progress.advance(note=f"loss {loss}")
"""


def test_in_a_log_quick_work_is_one_line_once_it_is_done(capfd):
    with Progress(2, "cnn-tuned-1", "epoch") as bar:
        bar.advance(note="loss 0.5")
        assert capfd.readouterr() == ("", "")
        bar.advance(note="loss 0.1")
    assert capfd.readouterr() == ("", "cnn-tuned-1: 100% · 0 s · loss 0.1\n")


def test_in_a_log_slow_work_is_a_line_now_and_then_and_never_a_carriage_return(capfd, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with Progress(8, "download", "B") as bar:
        for amount in (2, 2, 4):
            bar.advance(amount)
    assert capfd.readouterr().err == "download:  25% · 0 s\ndownload:  50% · 0 s\ndownload: 100% · 0 s\n"


def test_on_a_terminal_a_bar_moves():
    terminal, theirs = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TQDM_MININTERVAL": "0"}
    command = [sys.executable, "-c", WORK]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    assert done.stdout == b""
    assert list(dict.fromkeys(re.findall(r"(\d)/4", shown))) == ["0", "1", "2", "3", "4"]
    assert shown.count("\r") >= 5
    assert shown.count("\n") == 1
    assert "cnn-tuned-1: 100%" in shown
    assert "loss 0.1]" in shown
