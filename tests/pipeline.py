"""Make small projects in new git repositories, and run DVC and commands there as users do."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from ruamel.yaml import YAML

from digits.tracking import audit as tracking_audit
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
    "tune.mlp.space.batch_size": [8],  # small, so that training lasts long enough to be killed
    "tune.cnn.trials": 2,
    "tune.cnn.rungs": [1, 2],
}
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # the same `python` that runs the tests
    "PYTHONUNBUFFERED": "1",
}
ENVIRONMENT = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("MLFLOW_")}


def run(folder: Path, *command: str, ok: bool = True) -> str:
    process = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    output = process.stdout + process.stderr
    assert (process.returncode == 0) == ok, output
    return output


@contextmanager
def started(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the background; at the end of the block, kill it and its processes if they still run."""
    options = {"environment": ENVIRONMENT, "cwd": folder, "stdout": subprocess.PIPE, "text": True}
    with running(command, signal.SIGKILL, **options) as process:
        yield process


def checkpoints(folder: Path, pattern: str = "*") -> dict[str, int]:
    """Return the times at which checkpoints were written, by name."""
    return {path.name: path.stat().st_mtime_ns for path in checkpoint_files(folder, pattern)}


def checkpoint_files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return checkpoints without unfinished ones, whose names begin with a dot."""
    return [path for path in folder.glob(f".checkpoints/*/{pattern}.zip") if path.name[0] != "."]


def executed_stages(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def commit(folder: Path) -> None:
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--message", "Run")


def with_server(uri: str) -> list[str]:
    """Return the beginning of a command that uses this MLflow server."""
    return ["env", f"MLFLOW_TRACKING_URI={uri}"]


def audit(folder: Path, uri: str = "") -> dict[str, Any]:
    """Compare MLflow, by default the local store, with the files; return the counts of compared values.

    The audit runs in this process, which has imported TensorFlow and MLflow already.
    """
    with chdir(folder), pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as stdout:
        patch.setenv("MLFLOW_TRACKING_URI", uri)  # MLflow sets it, too
        patch.delenv("DVC_ROOT", raising=False)
        tracking_audit.main()
    mlflow.set_tracking_uri(None)
    *_, counts = stdout.getvalue().splitlines()
    return json.loads(counts)


def make_project(folder: Path, **params: Any) -> Path:
    """Copy the working tree, with uncommitted changes, to a new repository with a few hundred images."""
    for name in run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    train, test = stripes(400), stripes(80, seed=1)
    own = {"x_train": train.images, "y_train": train.labels, "x_test": test.images, "y_test": test.labels}
    np.savez(folder / "data/own/stripes.npz", **own)
    (folder / "dvc.lock").write_text("schema: '2.0'\n")  # short, because DVC reads and writes it with each stage
    change(folder, PARAMS | params)
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Test")
    run(folder, "git", "config", "user.email", "test@example.org")
    commit(folder)
    return folder


def copy_project(project: Path, folder: Path) -> Path:
    """Copy a project with DVC's cache, so that no model is trained again."""
    return shutil.copytree(project, folder, symlinks=True)


def locked_stages(folder: Path) -> dict[str, Any]:
    """Return the stages in dvc.lock, with the hashes of their dependencies and outputs."""
    return YAML(typ="safe").load(folder / "dvc.lock")["stages"]


def forget_stages(folder: Path, *names: str) -> None:
    """Remove all records that these stages have run."""
    stages = {name: stage for name, stage in locked_stages(folder).items() if name not in names}
    YAML(typ="safe").dump({"schema": "2.0", "stages": stages}, folder / "dvc.lock")
    shutil.rmtree(folder / ".dvc/cache/runs")
    commit(folder)


def make_finished_project(folder: Path) -> None:
    make_project(folder)
    run(folder, "env", "DIGITS_TRACKING=off", "dvc", "repro")
    run(folder, "python", "-m", "digits.report.readme")
    commit(folder)
