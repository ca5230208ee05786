"""Clones of the repository with their own DVC cache and MLflow store, for benchmarks of the whole pipeline."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from digits.core.errors import UserError
from digits.core.git import git
from digits.tracking.store import configure

ROOT = Path(__file__).parent.parent
# These variables would point a clone at the caller's MLflow store and DVC root.
REMOVED_PREFIXES = ("MLFLOW_", "DVC_", "DIGITS_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(REMOVED_PREFIXES)}
ENVIRONMENT |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def clone(folder: Path, parameters: Mapping[str, Any]) -> None:
    """Clone the last commit into the folder and set these parameters in its params.yaml."""
    git("clone", "--quiet", str(ROOT), str(folder))
    (folder / "dvc.lock").unlink()  # else DVC skips stages whose inputs equal the committed ones
    yaml, file = YAML(), folder / "params.yaml"
    tree = yaml.load(file)
    for key, value in parameters.items():
        *sections, name = key.split(".")
        reduce(getitem, sections, tree)[name] = value
    yaml.dump(tree, file)


def share_parameter(n_images: int | None) -> dict[str, float]:
    """Return the parameter that uses this many of MNIST's images; for None, none, so that the committed value holds."""
    return {"prepare.share": n_images / 60_000} if n_images else {}


def commit(folder: Path) -> None:
    author = ("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@example.org")
    git("-C", str(folder), *author, "commit", "--quiet", "--all", "--message", "Run")


def repro(folder: Path, *stages: str) -> None:
    if subprocess.run(["dvc", "repro", *stages], cwd=folder, env=ENVIRONMENT, check=False).returncode:
        raise UserError("`dvc repro` failed; its output is above")


def open_store(folder: Path) -> tuple[Any, str]:
    """Return an MLflow client of the clone's own store, and the ID of the experiment in it."""
    configure()
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
    return client, client.get_experiment_by_name("digits").experiment_id
