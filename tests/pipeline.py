"""The whole project on a few hundred images, in a repository of its own, for tests that run it as people do."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from tests.conftest import ROOT, change
from tests.images import stripes
from tests.servers import running

CLASSES = ["north", "north by east", "east", "south"]
PARAMS = {
    "data.source": "data/own/stripes.npz",
    "data.classes": CLASSES,
    "families": ["mlp"],
    "seeds": [1],
    "runtime.threads": 1,
    "train.epochs": 2,
    "models.mlp.batch_size": 32,
    "models.cnn.batch_size": 32,
    "pool.workers": 1,
    "tune.method": "halving",
    "tune.seeds": [1],
    "tune.mlp.trials": 4,
    "tune.mlp.rungs": [1, 2],
    "tune.mlp.space.batch_size": [8],  # small, so that there is time to be killed in
    "tune.cnn.trials": 2,
    "tune.cnn.rungs": [1, 2],
}
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # `python` is the one that runs the tests
    "PYTHONUNBUFFERED": "1",
}
ENVIRONMENT = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("MLFLOW_")}


def run(folder: Path, *command: str, ok: bool = True) -> str:
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def started(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """In the end it is killed, with all processes it has started, if it has not come to its own end."""
    options = {"environment": ENVIRONMENT, "cwd": folder, "stdout": subprocess.PIPE, "text": True}
    with running(command, signal.SIGKILL, **options) as process:
        yield process


def checkpoints(folder: Path, of: str = "*") -> dict[str, int]:
    """When each training was saved last."""
    return {path.name: path.stat().st_mtime_ns for path in checkpoint_files(folder, of)}


def checkpoint_files(folder: Path, of: str = "*") -> list[Path]:
    """Not those that are being written: their names begin with a dot."""
    return [path for path in folder.glob(f".checkpoints/*/{of}.zip") if path.name[0] != "."]


def ran(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def commit(folder: Path) -> None:
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "Run")


def at(uri: str) -> list[str]:
    """What precedes a command that shall know this server."""
    return ["env", f"MLFLOW_TRACKING_URI={uri}"]


def audited(folder: Path, uri: str = "") -> dict[str, Any]:
    """What MLflow holds, in the local store or on this server, after a comparison with the files."""
    *_, counts = run(folder, *at(uri), "python", "-m", "digits.tracking.audit").splitlines()
    return json.loads(counts)


def make(folder: Path, **params: Any) -> Path:
    """The working tree, committed or not, as a repository of its own."""
    for name in run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    train, test = stripes(400), stripes(80, seed=1)
    own = {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}
    np.savez(folder / "data/own/stripes.npz", **own)
    (folder / "dvc.lock").write_text("schema: '2.0'\n")  # DVC reads and writes all of it with each stage
    change(folder, PARAMS | params)
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Test")
    run(folder, "git", "config", "user.email", "test@example.org")
    commit(folder)
    return folder


def copied(finished: Path, folder: Path) -> Path:
    """With DVC's cache, so that nothing is trained again."""
    return shutil.copytree(finished, folder, symlinks=True)


def locked(folder: Path) -> dict[str, Any]:
    """Of each stage, what it had and what it made, as hashes."""
    return YAML(typ="safe").load(folder / "dvc.lock")["stages"]


def forget(folder: Path, *stages: str) -> None:
    """As if they had never run."""
    left = {name: stage for name, stage in locked(folder).items() if name not in stages}
    YAML(typ="safe").dump({"schema": "2.0", "stages": left}, folder / "dvc.lock")
    shutil.rmtree(folder / ".dvc/cache/runs")
    commit(folder)


def finish(folder: Path) -> None:
    make(folder)
    run(folder, "env", "DIGITS_TRACKING=off", "dvc", "repro")
    run(folder, "python", "-m", "digits.report.readme")
    commit(folder)
