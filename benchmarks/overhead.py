"""The whole of `dvc repro` over the sum of its trainings

Of the committed files in a clone of their own, from nothing: images, trainings, searches, comparison, figures,
tracking. A training's or a search's seconds are those it has itself told MLflow; TensorFlow's start, the download and
every other stage are overhead.

`python -m benchmarks.overhead [--keep FOLDER]` takes as long as `make repro`. The clone with all results stays in
FOLDER.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import entry
from benchmarks.pairs import fresh
from benchmarks.report import Row
from digits.common.errors import UserError

ROOT = Path(__file__).parent.parent
# A clone has its own store, and DVC its own root.
OTHERS = ("MLFLOW_", "DVC_", "DIGITS_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
ENVIRONMENT |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="where the clone stays; it must not be there yet")
    kept = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        folder = kept.resolve() if kept else Path(temporary, "digits")
        entry.finish(lambda: [measure(ROOT, folder)], command="python -m benchmarks.overhead")


def measure(root: Path, folder: Path) -> Row:
    run(["git", "clone", "--quiet", str(root), str(folder)], Path.cwd())
    started = time.perf_counter()
    run(["dvc", "repro"], folder)
    seconds = time.perf_counter() - started
    return row(seconds, fresh(told, folder))


def run(command: list[str], where: Path) -> None:
    if subprocess.run(command, cwd=where, env=ENVIRONMENT, check=False).returncode:
        raise UserError(f"`{' '.join(command)}` failed, see above")


def row(seconds: float, of_trainings: dict[str, float | None]) -> Row:
    if silent := [name for name, each in of_trainings.items() if each is None]:
        # Their runs were made afterwards, by the stage that fills gaps: when they began and ended says nothing.
        raise UserError(f"it took {seconds:.0f} s, but MLflow was not told how long these did: {', '.join(silent)}")
    trained = sum(of_trainings.values())
    note = f"{seconds:.0f} s in all, {trained:.0f} s in {len(of_trainings)} trainings and searches"
    return Row(
        "time of `dvc repro` beyond that of its trainings",
        [seconds / trained - 1],
        aim=0.1,
        smaller_is_better=True,
        unit="%",
        note=note,
    )


def told(folder: Path) -> dict[str, float | None]:
    """The seconds of each model and each search, as they told MLflow."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.environ["DVC_ROOT"] = str(folder)
    from digits.tracking.store import configure, connect

    configure()
    from digits.tracking.runs import search

    runs = search(connect(), "tags.kind != 'trial'")
    return {run.info.run_name: run.data.metrics.get("seconds") for run in runs}


if __name__ == "__main__":
    main()
