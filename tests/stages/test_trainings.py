"""Searches and final trainings as DVC runs them: killed processes do not change a byte of the results."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import pytest

from digits.core.files import read_json, write_json
from digits.core.paths import history_file, search_file
from tests.conftest import ENVIRONMENT, change
from tests.pipeline import checkpoint_files, checkpoints, make_project
from tests.servers import eventually, free_port, is_listening, running

pytestmark = pytest.mark.slow

PARAMS = {
    "seeds": [1, 2],
    "train.epochs": 8,  # of half a second each, so that a process can be killed during training
    "models.mlp.units": 32,
    "models.mlp.batch_size": 1,
    "tune.method": "bayesian",  # halving is killed in tests/test_end_to_end.py
    "tune.mlp.trials": 10,
    "tune.mlp.rungs": [1],
    "tune.mlp.space": {"batch_size": [16, 32], "learning_rate": {"min": 0.0001, "max": 1.0, "log": True}},
}


class Stage:
    """A stage that runs in a process."""

    instances: ClassVar[list["Stage"]] = []

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", f"stages.{name}", "mlp"]
        environment = ENVIRONMENT | {"DVC_ROOT": str(folder)}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.instances.append(self)

    def workers(self) -> list[int]:
        command = ["pgrep", "-P", str(self.process.pid), "-f", "spawn_main"]
        return [int(pid) for pid in subprocess.run(command, capture_output=True, check=False).stdout.split()]

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def wait(self, code: int = 0) -> str:
        """Return the standard error of the process, after a check of its exit code."""
        stderr = self.process.communicate(timeout=250)[1]
        assert self.process.returncode == code, stderr
        assert bool(list(self.folder.glob(".checkpoints/*"))) == bool(code)
        return stderr

    def results(self) -> dict[str, str]:
        self.wait()
        return hashes(self.folder)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("trainings") / "project", **PARAMS)
    for stage in ("download", "prepare"):
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=ENVIRONMENT, check=True)
    return folder


@pytest.fixture(scope="module")
def searched(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after two searches, one per seed. One worker ran the first, and the stage was killed in the second."""
    folder = shutil.copytree(prepared, tmp_path_factory.mktemp("searched") / "project")
    change(folder, {"tune.seeds": [1, 2], "train.epochs": 1})
    killed = Stage("tune", folder)
    eventually(lambda: checkpoints(folder, pattern="mlp-trial-2-*"))
    killed.kill()
    assert checkpoints(folder, pattern="mlp-trial-1-*")  # kept until the last search ends
    Stage("tune", folder).wait()
    return folder


@pytest.fixture
def expected_hashes(searched: Path, tmp_path: Path) -> dict[str, str]:
    """The results of the first search, which nothing interrupted."""
    record = read_json(searched / search_file("mlp"))
    write_json(tmp_path / "first" / search_file("mlp"), record | {"searches": record["searches"][:1]})
    return hashes(tmp_path / "first")


@pytest.fixture(autouse=True)
def kill_remaining_stages() -> Iterator[None]:
    yield
    while Stage.instances:
        if (stage := Stage.instances.pop()).process.returncode is None:
            stage.kill()


@pytest.fixture
def project(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "project")


def test_a_search_with_two_workers_survives_a_killed_worker(project: Path, expected_hashes: dict[str, str]) -> None:
    change(project, {"pool.workers": 2})
    search = Stage("tune", project)
    eventually(lambda: checkpoints(project))
    os.kill(search.workers()[0], signal.SIGKILL)
    assert search.results() == expected_hashes


def test_each_seed_has_its_own_search_also_after_a_kill(searched: Path) -> None:
    best_recipes = [search["best"] for search in read_json(searched / search_file("mlp"))["searches"]]
    assert best_recipes[0] != best_recipes[1]
    Stage("train_tuned", searched).wait()
    recipes = [read_json(searched / history_file(f"mlp-tuned-{seed}"))["hyperparameters"] for seed in (1, 2)]
    assert recipes == best_recipes


def test_a_search_on_a_cluster_survives_a_killed_stage_and_worker(
    project: Path, expected_hashes: dict[str, str]
) -> None:
    with cluster() as (address, workers):
        change(project, {"pool.cluster": address})
        killed = Stage("tune", project)
        first_checkpoints = eventually(lambda: checkpoints(project))
        killed.kill()
        resumed = Stage("tune", project)
        eventually(lambda: len(checkpoints(project)) > len(first_checkpoints))
        workers[0].kill()
        assert resumed.results() == expected_hashes


def test_a_killed_training_resumes_to_the_same_bytes(project: Path, tmp_path: Path) -> None:
    uninterrupted = shutil.copytree(project, tmp_path / "uninterrupted")
    killed = Stage("train_baseline", project)
    eventually(lambda: checkpoints(project))
    killed.kill()
    epochs = saved_epochs(project)
    stderr = Stage("train_baseline", project).wait()
    assert epochs
    assert {f"{name}: resumes after epoch {epoch} of 8" for name, epoch in epochs.items()} <= {*stderr.splitlines()}
    assert hashes(project) == Stage("train_baseline", uninterrupted).results()


def test_a_failed_seed_fails_the_stage_in_one_line(project: Path) -> None:
    recipe = {"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0, "batch_norm": False}
    change(project, {f"models.mlp.{name}": value for name, value in recipe.items()})
    message = Stage("train_baseline", project).wait(code=1).splitlines()[-1]
    assert message.startswith("train_baseline: error: mlp-baseline, seed 1: the loss became")
    assert "lower the learning rate" in message


def test_an_unreachable_cluster_is_an_error_in_one_line(project: Path) -> None:
    change(project, {"pool.cluster": f"tcp://127.0.0.1:{free_port()}"})
    stage = Stage("tune", project)
    stderr = stage.process.communicate(timeout=200)[1]
    assert stage.process.returncode == 1
    assert "has no scheduler with workers" in stderr.splitlines()[-1]


def saved_epochs(folder: Path) -> dict[str, int]:
    """Return the number of epochs in each training's checkpoint."""
    n_epochs = {}
    for path in checkpoint_files(folder):
        with zipfile.ZipFile(path) as file:
            n_epochs[path.stem] = len(json.loads(file.read("metadata"))["epochs"])
    return n_epochs


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.glob("models/**/*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Run a scheduler and two workers as separate processes, as on separate machines."""
    port = free_port()
    dask = [sys.executable, "-m", "dask"]
    with ExitStack() as stack:
        scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        stack.enter_context(running(scheduler, signal.SIGKILL, ENVIRONMENT))
        eventually(lambda: is_listening(port))
        worker = [*dask, "worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        workers = [stack.enter_context(running(worker, signal.SIGKILL, ENVIRONMENT)) for _ in range(2)]
        yield f"tcp://127.0.0.1:{port}", workers
