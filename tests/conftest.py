import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
LONGEST = (
    "test_end_to_end.py",
    "test_one_store.py",
    "test_review.py",
    "test_tune.py",
    "test_live.py",
    "test_registry.py",
)
Stage = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the committed parameters, and the current folder."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def change(project: Path) -> Callable[[dict[str, Any]], None]:
    """Set parameters by their dotted keys."""

    def set_all(changes: dict[str, Any]) -> None:
        yaml, file = YAML(typ="safe"), project / "params.yaml"
        tree = yaml.load(file)
        for key, value in changes.items():
            *sections, last = key.split(".")
            reduce(getitem, sections, tree)[last] = value
        yaml.dump(tree, file)

    return set_all


@pytest.fixture
def stage(project: Path) -> Stage:
    """Run a stage as DVC does, in the project."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"stages.{name}", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "DIGITS_TRACKING": "off"}
        return subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True, check=False)

    return run
