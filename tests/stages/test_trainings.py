"""Searches and final trainings as DVC runs them, their processes really killed: the same bytes each time."""

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

PLAN = {
    "seeds": [1, 2],
    "train.epochs": 12,  # of half a second each, so that there is time to be killed in
    "models.mlp.units": 32,
    "models.mlp.batch_size": 1,
    "tune.method": "bayesian",  # halving is killed in tests/test_end_to_end.py
    "tune.mlp.trials": 10,
    "tune.mlp.rungs": [1],
    "tune.mlp.space": {"batch_size": [16, 32], "learning_rate": {"min": 0.001, "max": 0.01, "log": True}},
}


class Stage:
    """A running one."""

    begun: ClassVar[list["Stage"]] = []

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", f"stages.{name}", "mlp"]
        environment = ENVIRONMENT | {"DVC_ROOT": str(folder)}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.begun.append(self)

    def workers(self) -> list[int]:
        of_mine = ["pgrep", "-P", str(self.process.pid), "-f", "spawn_main"]
        return [int(pid) for pid in subprocess.run(of_mine, capture_output=True, check=False).stdout.split()]

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self, code: int = 0) -> str:
        """What it says on its way."""
        said = self.process.communicate(timeout=250)[1]
        assert self.process.returncode == code, said
        assert bool(list(self.folder.glob(".checkpoints/*"))) == bool(code)
        return said

    def results(self) -> dict[str, str]:
        self.end()
        return hashes(self.folder)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("trainings") / "project", **PLAN)
    for stage in ("download", "prepare"):
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=ENVIRONMENT, check=True)
    return folder


@pytest.fixture(scope="module")
def undisturbed(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a search finds where nobody disturbs it, with one worker."""
    return Stage("tune", shutil.copytree(prepared, tmp_path_factory.mktemp("undisturbed") / "project")).results()


@pytest.fixture(autouse=True)
def none_outlives_its_test() -> Iterator[None]:
    yield
    while Stage.begun:
        if (stage := Stage.begun.pop()).process.returncode is None:
            stage.kill()


@pytest.fixture
def project(prepared: Path, tmp_path: Path) -> Path:
    return shutil.copytree(prepared, tmp_path / "project")


def test_two_workers_find_the_same_as_one_also_when_one_of_them_is_killed(
    project: Path, undisturbed: dict[str, str]
) -> None:
    change(project, {"pool.workers": 2})
    search = Stage("tune", project)
    eventually(lambda: checkpoints(project))
    os.kill(search.workers()[0], signal.SIGKILL)
    assert search.results() == undisturbed


def test_of_two_searches_that_were_killed_the_first_is_what_it_is_alone_and_each_seed_has_the_recipe_of_its_own(
    project: Path, undisturbed: dict[str, str]
) -> None:
    change(project, {"tune.seeds": [1, 2], "train.epochs": 1})
    killed = Stage("tune", project)
    eventually(lambda: checkpoints(project, pattern="mlp-trial-2-*"))
    killed.kill()
    assert checkpoints(project, pattern="mlp-trial-1-*")  # kept until the last search has ended
    Stage("tune", project).end()
    record = read_json(project / search_file("mlp"))
    recipes = [search["best"] for search in record["searches"]]
    assert recipes[0] != recipes[1]
    Stage("train_tuned", project).end()
    trained = [read_json(project / history_file(f"mlp-tuned-{seed}"))["hyperparameters"] for seed in (1, 2)]
    assert trained == recipes
    write_json(project / search_file("mlp"), record | {"searches": record["searches"][:1]})
    assert undisturbed.items() <= hashes(project).items()


def test_on_a_cluster_a_search_finds_the_same_also_when_it_and_a_worker_are_killed(
    project: Path, undisturbed: dict[str, str]
) -> None:
    with cluster() as (address, workers):
        change(project, {"pool.cluster": address})
        killed = Stage("tune", project)
        done = eventually(lambda: checkpoints(project))
        killed.kill()
        again = Stage("tune", project)
        eventually(lambda: len(checkpoints(project)) > len(done))
        workers[0].kill()
        assert again.results() == undisturbed


def test_a_killed_training_goes_on_from_its_last_epoch_to_the_same_bytes(project: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(project, tmp_path / "alone")
    killed = Stage("train_baseline", project)
    eventually(lambda: checkpoints(project))
    killed.kill()
    saved = epochs_saved(project)
    said = Stage("train_baseline", project).end()
    assert saved
    assert {f"{name}: goes on after epoch {epochs} of 12" for name, epochs in saved.items()} <= {*said.splitlines()}
    assert hashes(project) == Stage("train_baseline", alone).results()


def test_a_seed_that_fails_fails_the_stage_in_one_line(project: Path) -> None:
    wild = {"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0, "batch_norm": False}
    change(project, {f"models.mlp.{name}": value for name, value in wild.items()})
    said = Stage("train_baseline", project).end(code=1).splitlines()[-1]
    assert said.startswith("train_baseline: error: mlp-baseline, seed 1: the loss became")
    assert "lower the learning rate" in said


def test_a_cluster_that_is_not_there_is_one_clear_line(project: Path) -> None:
    change(project, {"pool.cluster": f"tcp://127.0.0.1:{free_port()}"})
    stage = Stage("tune", project)
    said = stage.process.communicate(timeout=200)[1]
    assert stage.process.returncode == 1
    assert "has no scheduler with workers" in said.splitlines()[-1]


def epochs_saved(folder: Path) -> dict[str, int]:
    """Of each training that has a checkpoint."""
    found = {}
    for path in checkpoint_files(folder):
        with zipfile.ZipFile(path) as file:
            found[path.stem] = len(json.loads(file.read("metadata"))["epochs"])
    return found


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.glob("models/**/*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process, as on machines of their own."""
    port = free_port()
    dask = [sys.executable, "-m", "dask"]
    with ExitStack() as stack:
        serve = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        stack.enter_context(running(serve, signal.SIGKILL, ENVIRONMENT))
        eventually(lambda: is_listening(port))
        work = [*dask, "worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        workers = [stack.enter_context(running(work, signal.SIGKILL, ENVIRONMENT)) for _ in range(2)]
        yield f"tcp://127.0.0.1:{port}", workers
