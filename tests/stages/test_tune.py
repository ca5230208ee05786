"""The search as DVC runs it, with real workers that are really killed: the same record comes out each time.

That a search that is killed itself goes on is shown end to end.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.pipeline import change, make, notes
from tests.servers import answers, eventually, free_port, running

ROOT = Path(__file__).parents[2]
PLAN = {
    "models.mlp.batch_size": 16,
    "pool.workers": 1,
    "tune.mlp.trials": 5,
    "tune.mlp.rungs": [2, 6],
    "tune.mlp.keep": 0.4,
    "tune.mlp.space": {"units": [32, 64, 128], "learning_rate": {"min": 0.001, "max": 0.01, "log": True}},
}
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "DIGITS_TRACKING": "off"}


class Tuning:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "stages.tune", "mlp"]
        self.process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT | {"DVC_ROOT": str(folder)})

    def workers(self) -> list[int]:
        of_mine = ["pgrep", "-P", str(self.process.pid), "-f", "spawn_main"]
        return [int(pid) for pid in subprocess.run(of_mine, capture_output=True, check=False).stdout.split()]

    def end(self) -> str:
        assert self.process.wait(200) == 0
        assert not list(self.folder.glob(".search/*"))
        return (self.folder / "models/mlp-search.json").read_text()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("tune") / "project", **PLAN)
    for stage in ("download", "prepare"):
        subprocess.run([sys.executable, "-m", f"stages.{stage}"], cwd=folder, env=ENVIRONMENT, check=True)
    return folder


@pytest.fixture(scope="module")
def record(prepared: Path) -> str:
    """Of a search that nobody disturbs, with one worker."""
    return Tuning(prepared).end()


@pytest.fixture
def place(prepared: Path, record: str, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(prepared, folder)
    return folder


def test_three_workers_find_the_same_as_one_also_when_one_of_them_is_killed(place: Path, record: str) -> None:
    change(place, {"pool.workers": 3})
    tuning = Tuning(place)
    eventually(lambda: notes(place))
    os.kill(tuning.workers()[0], signal.SIGKILL)
    assert tuning.end() == record


def test_a_cluster_of_two_finds_the_same_also_when_one_of_them_is_killed(place: Path, record: str) -> None:
    with cluster() as (address, workers):
        change(place, {"pool.cluster": address})
        tuning = Tuning(place)
        eventually(lambda: notes(place))
        workers[0].kill()
        assert tuning.end() == record


def test_a_cluster_that_is_not_there_is_one_clear_line(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    change(place, {"pool.cluster": f"tcp://127.0.0.1:{free_port()}"})
    assert Tuning(place).process.wait(200) == 1
    assert "has no scheduler with workers" in capfd.readouterr().err.splitlines()[-1]


@contextmanager
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process, as on machines of their own."""
    port = free_port()
    dask = [sys.executable, "-m", "dask"]
    with ExitStack() as stack:
        serve = [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        stack.enter_context(running(serve, signal.SIGKILL, ENVIRONMENT))
        eventually(lambda: answers(port))
        work = [*dask, "worker", f"tcp://127.0.0.1:{port}", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        workers = [stack.enter_context(running(work, signal.SIGKILL, ENVIRONMENT)) for _ in range(2)]
        yield f"tcp://127.0.0.1:{port}", workers
