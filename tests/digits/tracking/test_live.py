"""A driver's messages in MLflow while it trains: a real process, a real store, a real server, real signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from digits.tracking import runs as tracked
from tests.conftest import ROOT
from tests.servers import HOST, eventually, free_port, mlflow_server

SPLIT = {"images": 8, "per_class": {"0": 4, "1": 4}, "sha256": "0" * 64}
DATA = {"shape": [4, 4, 1], "classes": ["0", "1"], "splits": dict.fromkeys(("train", "validation", "test"), SPLIT)}
MODEL = {"family": "mlp", "variant": "baseline", "seed": 1, "fingerprint": "f" * 32, "hyperparameters": {"units": 8}}
SEARCH = {"family": "mlp", "seed": 1, "fingerprint": "e" * 32}
TRIAL = {"trial": 0, "hyperparameters": {"units": 8}}
PATIENCE = 100  # seconds, on a busy machine

# Each line of its input is a message; then it ends as a driver does, and says how long it waited for the thread.
DRIVER = """
import json, queue, sys, threading, time
messages = queue.SimpleQueue()
def write():
    from digits.tracking.live import write
    write(messages)
thread = threading.Thread(target=write, daemon=True)
thread.start()
for line in sys.stdin:
    messages.put(json.loads(line))
messages.put(None)
started = time.monotonic()
thread.join(float(sys.argv[1]))
print(time.monotonic() - started)
"""


class Driver:
    def __init__(self, place: Path, uri: str = "", patience: float = PATIENCE) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        known = {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(place)} | ({"MLFLOW_TRACKING_URI": uri} if uri else {})
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(patience)], cwd=place, env=clean | known, text=True, **pipes
        )

    def tell(self, **message: Any) -> None:
        self.process.stdin.write(json.dumps(message | {"time": tracked.now()}) + "\n")
        self.process.stdin.flush()

    def begin(self, run: str = "m", parent: str | None = None, **info: Any) -> None:
        self.tell(run=run, begin=info or MODEL, parent=parent)

    def epoch(self, number: int, run: str = "m") -> None:
        measures = {"accuracy": 0.5, "loss": 1.0, "validation_accuracy": 0.1 * number, "validation_loss": 1.0}
        self.tell(run=run, epoch={"epoch": number} | measures)

    def end(self) -> float:
        """Seconds that it waited for the thread. It prints nothing else."""
        self.tell(run="m", end="completed", reason=None, cost={"core_minutes": 1.5, "seconds": 60.0})
        return self.leave()

    def leave(self) -> float:
        said, errors = self.process.communicate()
        assert errors == ""
        return float(said)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def client(place: Path, uri: str = "") -> MlflowClient:
    return MlflowClient(uri or f"sqlite:///{place}/.mlflow/mlflow.db")


def runs(place: Path, uri: str = "") -> list[Run]:
    experiment = client(place, uri).get_experiment_by_name("digits")
    return client(place, uri).search_runs([experiment.experiment_id]) if experiment else []


def state(place: Path, uri: str = "") -> list[tuple[str, float | None]]:
    return [(run.info.status, run.data.metrics.get("validation_accuracy")) for run in runs(place, uri)]


def steps(place: Path, uri: str = "") -> list[int]:
    [run] = runs(place, uri)
    return [point.step for point in client(place, uri).get_metric_history(run.info.run_id, "loss")]


def test_a_run_is_seen_running_with_its_curve_growing_and_then_finished_once(place: Path) -> None:
    driver = Driver(place)
    driver.begin()
    eventually(lambda: state(place) == [("RUNNING", None)])
    driver.epoch(1)
    eventually(lambda: state(place) == [("RUNNING", 0.1)])
    driver.epoch(2)
    eventually(lambda: state(place) == [("RUNNING", 0.2)])
    assert driver.end() < PATIENCE
    again = Driver(place)
    again.begin()
    again.epoch(1)
    again.end()
    assert state(place) == [("FINISHED", 0.2)]
    assert steps(place) == [1, 2]
    [run] = runs(place)
    assert run.info.run_name == "mlp baseline, seed 1"
    assert run.data.tags["dvc.stage"] == "train_baseline@mlp"
    assert run.data.params["train.epochs"] == "10"
    assert run.data.params["models.mlp.units"] == "8"
    assert run.data.metrics["core_minutes"] == 1.5
    assert {each.dataset.name for each in run.inputs.dataset_inputs} == {"mnist"}


def test_a_training_that_was_killed_or_failed_is_continued_by_the_next_with_the_epochs_that_it_lacks(
    place: Path,
) -> None:
    killed = Driver(place)
    killed.begin()
    killed.epoch(1)
    eventually(lambda: state(place) == [("RUNNING", 0.1)])
    killed.kill()
    assert state(place) == [("RUNNING", 0.1)]
    for epochs, status in ((2, "failed"), (3, "killed")):
        driver = Driver(place)
        driver.begin()
        for number in range(1, epochs + 1):  # one that goes on may tell again what it had told
            driver.epoch(number)
        eventually(lambda: state(place) == [("RUNNING", pytest.approx(0.1 * epochs))])  # noqa: B023
        assert not {"status", "reason"} & runs(place)[0].data.tags.keys()
        driver.tell(end=status, reason="the loss became nan")
        driver.leave()
        assert state(place) == [(status.upper(), pytest.approx(0.1 * epochs))]
        assert runs(place)[0].data.tags["reason"] == "the loss became nan"
    assert steps(place) == [1, 2, 3]


def test_a_search_has_its_trials_below_it_and_all_that_is_open_ends_with_it(place: Path) -> None:
    driver = Driver(place)
    driver.begin("s", **SEARCH)
    for number in (0, 1):
        driver.begin(f"t{number}", "s", **TRIAL | {"trial": number})
    driver.epoch(1, "t1")
    driver.epoch(1, "t0")
    driver.tell(run="t0", end="pruned", reason="others were better", cost={})
    driver.tell(end="killed", reason=None)
    driver.leave()
    found = {run.info.run_name: run for run in runs(place)}
    assert {name: run.info.status for name, run in found.items()} == {
        "mlp search, seed 1": "KILLED",
        "mlp trial 0, seed 1": "FINISHED",
        "mlp trial 1, seed 1": "KILLED",
    }
    assert found["mlp trial 0, seed 1"].data.tags["status"] == "pruned"
    parents = {run.data.tags.get("mlflow.parentRunId") for name, run in found.items() if "trial" in name}
    assert parents == {found["mlp search, seed 1"].info.run_id}


def test_a_dead_server_holds_no_driver_up_and_is_not_complained_about(place: Path) -> None:
    driver = Driver(place, f"http://{HOST}:{free_port()}", patience=2)
    driver.begin()
    for number in range(5000):
        driver.epoch(number)
    assert driver.end() < 3


def test_a_server_killed_during_a_training_loses_nothing_and_gets_nothing_twice(place: Path) -> None:
    shutil.copy(place / ".mlflow/mlflow.db", place / "server.db")  # empty, and made already
    server = partial(mlflow_server, f"sqlite:///{place}/server.db", f"{place}/artifacts", free_port())
    with server() as uri:
        driver = Driver(place, uri)
        driver.begin()
        driver.epoch(1)
        eventually(lambda: state(place, uri) == [("RUNNING", 0.1)])
    driver.epoch(2)
    time.sleep(3)
    with server():
        driver.epoch(3)
        eventually(lambda: state(place, uri) == [("RUNNING", pytest.approx(0.3))])
        driver.end()
        assert state(place, uri) == [("FINISHED", pytest.approx(0.3))]
        assert steps(place, uri) == [1, 2, 3]
