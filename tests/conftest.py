import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
Stage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the committed parameters, and the current folder."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def edit(project: Path) -> Callable[[str, str], None]:
    """Change a piece of params.yaml that stands in it once."""

    def replace(old: str, new: str) -> None:
        file = project / "params.yaml"
        before, found, after = file.read_text().partition(old)
        assert found
        assert old not in after
        file.write_text(before + new + after)

    return replace


@pytest.fixture
def stage(project: Path) -> Stage:
    """Run a stage as DVC does, in the project."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", f"stages.{name}", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)

    return run
