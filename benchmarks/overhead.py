"""The whole of `dvc repro` over the time in which something trains

Of the committed files in a clone of their own, without dvc.lock and thus from nothing: images, trainings, searches,
comparison, figures, tracking. Something trains while at least one model or trial is between its start and its end, as
MLflow was told them; several train side by side. TensorFlow's start, the download and every other stage are overhead.
n is 1, because each takes as long as `make repro`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.run import Row, main
from digits.core.errors import UserError

ROOT = Path(__file__).parent.parent
# A clone has its own store, and DVC its own root.
OTHERS = ("MLFLOW_", "DVC_", "DIGITS_")
WHO = ("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@example.org")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
ENVIRONMENT |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def measure(pairs: int, images: int | None) -> list[Row]:
    found = [repro(images) for _ in range(pairs)]
    notes = (f"{whole:.0f} s in all, {training:.0f} s with {count} trainings" for whole, training, count in found)
    shares = [whole / training - 1 for whole, training, _ in found]
    what = "time of `dvc repro` beyond that of its trainings"
    return [Row(what, shares, aim=0.06, smaller_is_better=True, unit="%", note="; ".join(notes))]


def repro(images: int | None) -> tuple[float, float, int]:
    """Its seconds, those in which something trained, and how many trainings there were."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "digits")
        clone(folder, share(images))
        started = time.perf_counter()
        subprocess.run(["dvc", "repro"], check=True, cwd=folder, env=ENVIRONMENT)
        seconds, trainings = time.perf_counter() - started, intervals(f"sqlite:///{folder}/.mlflow/mlflow.db")
    return seconds, union(trainings), len(trainings)


def share(images: int | None) -> dict[str, float]:
    """The parameters with which so many of MNIST's images are used; of None, those that are committed."""
    return {"prepare.share": images / 60_000} if images else {}


def clone(folder: Path, changes: Mapping[str, Any]) -> None:
    """The committed files, in which nothing has run, with these parameters."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    (folder / "dvc.lock").unlink()  # else DVC skips what is committed and made from equal bytes
    yaml, file = YAML(), folder / "params.yaml"
    parameters = yaml.load(file)
    for key, value in changes.items():
        *sections, name = key.split(".")
        reduce(getitem, sections, parameters)[name] = value
    yaml.dump(parameters, file)


def intervals(store: str) -> list[tuple[float, float]]:
    """From start to end, in seconds: each model's and each trial's."""
    from digits.tracking.store import configure

    configure()
    from mlflow import MlflowClient

    client = MlflowClient(store)
    experiment = client.get_experiment_by_name("digits").experiment_id
    runs = client.search_runs([experiment], "tags.kind != 'search'", max_results=10_000)
    if late := [run.info.run_name for run in runs if "core_minutes" not in run.data.metrics]:
        raise UserError(f"MLflow was told of these afterwards, and not how long they trained: {', '.join(late)}")
    return [(run.info.start_time / 1000, run.info.end_time / 1000) for run in runs]


def union(intervals: Sequence[tuple[float, float]]) -> float:
    """How long at least one of them lasts."""
    covered = until = 0.0
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


if __name__ == "__main__":
    main(measure, pairs=1)
