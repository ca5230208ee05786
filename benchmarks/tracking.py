"""What tracking costs a training: the same stage with MLflow and without, in turns, on the prepared images.

`python -m benchmarks.tracking [FAMILY] [PAIRS]`, on Linux, after `make repro`.
"""

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ADOPT_ORPHANS = 36  # prctl's PR_SET_CHILD_SUBREAPER: the listener outlives its training, and is waited for here


def main(family: str = "cnn", pairs: str = "5") -> None:
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    ratios, shares = [], []
    with tempfile.TemporaryDirectory() as folder:
        place = copied(Path(folder))
        for number in range(int(pairs)):
            order = ("off", "on") if number % 2 else ("on", "off")
            found = {tracking: train(place, family, tracking) for tracking in order}
            (without, *_), (with_it, own, listener) = found["off"], found["on"]
            ratios.append(with_it / without)
            shares.append(listener / own)
            print(
                f"pair {number + 1}: {with_it:.1f} s with, {without:.1f} s without; {listener:.1f} of {own:.0f} core-s"
            )
    print(f"{family}, {pairs} pairs: time with tracking / without = {statistics.median(ratios):.3f} {spread(ratios)}")
    print(f"core-seconds of the listener / of the training = {statistics.median(shares):.3f} {spread(shares)}")


def copied(folder: Path) -> Path:
    for path in ("params.yaml", "reports/data.json", "data/prepared"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            (folder / path).symlink_to(ROOT / path)
        else:
            shutil.copy(ROOT / path, folder / path)
    return folder


def train(place: Path, family: str, tracking: str) -> tuple[float, float, float]:
    """Seconds until the training ends, its core-seconds, and those of the process that tells MLflow."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(place), "DIGITS_TRACKING": tracking}
    shutil.rmtree(place / ".mlflow", ignore_errors=True)  # a result that is there is not shown again
    started = time.perf_counter()
    command = [sys.executable, "-m", "stages.train_baseline", family, "1"]
    stage = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, own = os.wait4(stage.pid, 0)
    seconds = time.perf_counter() - started
    if stage.returncode or status:
        sys.exit(f"the training failed: {' '.join(command)}")
    listener = 0.0
    while True:
        try:
            listener += core_seconds(os.wait3(0)[2])
        except ChildProcessError:
            return seconds, core_seconds(own), listener


def core_seconds(usage: object) -> float:
    return usage.ru_utime + usage.ru_stime


def spread(values: list[float]) -> str:
    return f"(median; {min(values):.3f} to {max(values):.3f})"


if __name__ == "__main__":
    main(*sys.argv[1:])
