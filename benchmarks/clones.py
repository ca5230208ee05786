"""Clones of the committed files, in which nothing has run, for benchmarks of the whole pipeline."""

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
# A clone has its own store, and DVC its own root.
ELSEWHERE = ("MLFLOW_", "DVC_", "DIGITS_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
ENVIRONMENT |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def clone(folder: Path, changes: Mapping[str, Any]) -> None:
    """With these parameters."""
    git("clone", "--quiet", str(ROOT), str(folder))
    (folder / "dvc.lock").unlink()  # else DVC skips what is committed and made from equal bytes
    yaml, file = YAML(), folder / "params.yaml"
    parameters = yaml.load(file)
    for key, value in changes.items():
        *sections, name = key.split(".")
        reduce(getitem, sections, parameters)[name] = value
    yaml.dump(parameters, file)


def share(images: int | None) -> dict[str, float]:
    """The parameters with which so many of MNIST's images are used; of None, those that are committed."""
    return {"prepare.share": images / 60_000} if images else {}


def commit(folder: Path) -> None:
    author = ("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@example.org")
    git("-C", str(folder), *author, "commit", "--quiet", "--all", "--message", "Run")


def repro(folder: Path, *stages: str) -> None:
    if subprocess.run(["dvc", "repro", *stages], cwd=folder, env=ENVIRONMENT, check=False).returncode:
        raise UserError("`dvc repro` failed; what it says stands above")


def tracked(folder: Path) -> tuple[Any, str]:
    """A client of the clone's own store, and the experiment there."""
    configure()
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
    return client, client.get_experiment_by_name("digits").experiment_id
