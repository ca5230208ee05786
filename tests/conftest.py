import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from functools import partial, reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from ruamel.yaml import YAML

from digits.core.errors import UserError
from digits.core.files import atomic_write

ROOT = Path(__file__).parent.parent
# The first two begin at once: one of them makes the project that others copy.
LONGEST = (
    "test_trainings.py",
    "test_review.py",
    "test_end_to_end.py",
    "test_one_store.py",
    "test_demo_page.py",
)
# Hundreds of processes would compile the project anew, where the environment says that no bytecode be written.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "DIGITS_TRACKING": "off"}
settings.register_profile("ours", deadline=None, max_examples=50)
settings.load_profile("ours")
Once = Callable[[str, Callable[[Path], object]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def complaint(call: Callable[..., object], *arguments: Any) -> str:
    """The one line by which a call is refused."""
    with pytest.raises(UserError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the committed parameters, and the current folder."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(folder: Path, changes: dict[str, Any]) -> None:
    """Set parameters by their dotted keys."""
    yaml, file = YAML(), folder / "params.yaml"
    tree = yaml.load(file)
    for key, value in changes.items():
        *sections, last = key.split(".")
        reduce(getitem, sections, tree)[last] = value
    yaml.dump(tree, file)


@pytest.fixture(name="change")
def change_parameters(project: Path) -> Callable[[dict[str, Any]], None]:
    return partial(change, project)


def run_module(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m …` in this folder."""
    command = [sys.executable, "-m", *map(str, words)]
    options = {"env": ENVIRONMENT | environment, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    return subprocess.run(command, cwd=cwd, check=False, **options)


@pytest.fixture
def stage(project: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run a stage as DVC does, in the project."""
    return lambda name: run_module(f"stages.{name}", cwd=project)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """A folder of this name, filled by whichever of the processes that run tests needs it first."""
    base = tmp_path_factory.getbasetemp()

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
        with (folder.with_suffix(".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                with atomic_write(folder) as new:
                    new.mkdir()
                    fill(new)
        return folder

    return filled


@pytest.fixture(scope="session")
def undisturbed(once: Once) -> Path:
    """A small project after `dvc repro`, made once for all tests, to be looked at or copied."""
    from tests import pipeline

    return once("a finished project", pipeline.finish)


@pytest.fixture(scope="session")
def untrained(once: Once) -> Path:
    """A project as `export` finds it, to be copied: models of both families, which nobody trained."""
    from tests import trained

    def fill(folder: Path) -> None:
        shutil.copy(ROOT / "params.yaml", folder)
        change(folder, {"seeds": [1]})
        with chdir(folder):
            trained.lay_out()

    return once("untrained", fill)


@pytest.fixture
def untrained_project(untrained: Path, project: Path) -> Path:
    """A copy of it as the current folder."""
    return shutil.copytree(untrained, project, dirs_exist_ok=True)


@pytest.fixture
def tensorflow_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts once in a process, and has started with the tests."""
    monkeypatch.setattr("digits.models.runtime.start", lambda _: None)


@pytest.fixture(scope="session")
def drawers(once: Once) -> Path:
    """A project whose models read digits drawn in code."""
    from tests import drawings

    def draw(folder: Path) -> None:
        shutil.copy(ROOT / "params.yaml", folder)
        change(folder, {"seeds": [1], "tune.seeds": [1]})
        with chdir(folder):
            drawings.lay_out()

    return once("drawers", draw)


@pytest.fixture
def among_drawers(drawers: Path, tensorflow_started: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That project as the current folder."""
    monkeypatch.chdir(drawers)
    return drawers
