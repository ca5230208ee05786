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
# The first two start together; one of them creates the project that the other tests copy.
LONGEST = (
    "test_trainings.py",
    "test_review.py",
    "test_end_to_end.py",
    "test_one_store.py",
    "test_demo_page.py",
)
# Without bytecode files, each of hundreds of processes would compile the project again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "DIGITS_TRACKING": "off"}
settings.register_profile("ours", deadline=None, max_examples=50)
settings.load_profile("ours")
Once = Callable[[str, Callable[[Path], object]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that no process runs one of them alone at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


def error_message(call: Callable[..., object], *arguments: Any) -> str:
    """Return the message of the UserError that the call raises, which must be one line."""
    with pytest.raises(UserError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with the committed parameters, as the current folder."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(folder: Path, changes: dict[str, Any]) -> None:
    """Set parameters by their dotted names."""
    yaml, file = YAML(), folder / "params.yaml"
    tree = yaml.load(file)
    for key, value in changes.items():
        *sections, name = key.split(".")
        reduce(getitem, sections, tree)[name] = value
    yaml.dump(tree, file)


@pytest.fixture(name="change")
def change_parameters(project: Path) -> Callable[[dict[str, Any]], None]:
    return partial(change, project)


def run_module(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` in a folder."""
    command = [sys.executable, "-m", *map(str, arguments)]
    options = {"env": ENVIRONMENT | environment, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    return subprocess.run(command, cwd=cwd, check=False, **options)


@pytest.fixture
def stage(project: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Return a function that runs a stage in the project, as DVC does."""
    return lambda name: run_module(f"stages.{name}", cwd=project)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Return a function that fills a folder once for all test processes, when the first of them needs it."""
    base = tmp_path_factory.getbasetemp()

    def fill_once(name: str, fill: Callable[[Path], object]) -> Path:
        folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
        with (folder.with_suffix(".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                with atomic_write(folder) as new:
                    new.mkdir()
                    fill(new)
        return folder

    return fill_once


@pytest.fixture(scope="session")
def finished_project(once: Once) -> Path:
    """A small project after `dvc repro`. Tests read it or copy it."""
    from tests import pipeline

    return once("finished", pipeline.make_finished_project)


@pytest.fixture(scope="session")
def untrained(once: Once) -> Path:
    """A project as stage `export` needs it, with untrained models of both families. Tests copy it."""
    from tests import trained

    def fill(folder: Path) -> None:
        shutil.copy(ROOT / "params.yaml", folder)
        change(folder, {"seeds": [1]})
        with chdir(folder):
            trained.write_project()

    return once("untrained", fill)


@pytest.fixture
def untrained_project(untrained: Path, project: Path) -> Path:
    """A copy of the untrained project, as the current folder."""
    return shutil.copytree(untrained, project, dirs_exist_ok=True)


@pytest.fixture
def tensorflow_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not start TensorFlow, which can be configured only once in a process."""
    monkeypatch.setattr("digits.models.runtime.start", lambda _: None)


@pytest.fixture(scope="session")
def drawing_project(once: Once) -> Path:
    """A project with models trained on digits that are drawn in code."""
    from tests import drawings

    def draw(folder: Path) -> None:
        shutil.copy(ROOT / "params.yaml", folder)
        change(folder, {"seeds": [1], "tune.seeds": [1]})
        with chdir(folder):
            drawings.write_project()

    return once("drawing_project", draw)


@pytest.fixture
def in_drawing_project(drawing_project: Path, tensorflow_started: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with models of drawn digits, as the current folder."""
    monkeypatch.chdir(drawing_project)
    return drawing_project
