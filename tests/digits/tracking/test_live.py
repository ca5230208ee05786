"""A training's messages in MLflow while it runs: the real listener, a real store, a real server, real signals."""

import json
import os
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

from digits.training.live import Line
from tests.servers import eventually, free_port, mlflow_server

ROOT = Path(__file__).parents[3]
SPLIT = {"images": 8, "per_class": {"0": 4, "1": 4}, "sha256": "0" * 64}
DATA = {"shape": [4, 4, 1], "classes": ["0", "1"], "splits": dict.fromkeys(("train", "validation", "test"), SPLIT)}
MODEL = {"family": "mlp", "variant": "baseline", "seed": 1, "fingerprint": "f" * 32, "hyperparameters": {"units": 8}}

TRAINING = """
import sys
from digits.training.live import listened
with listened() as tell:
    for line in sys.stdin:
        exec(line)
"""


@pytest.fixture
def place(project: Path) -> Path:
    (project / "reports").mkdir()
    (project / "reports/data.json").write_text(json.dumps(DATA))
    return project


class Training:
    """A process that says what a training says, and can be killed like one."""

    def __init__(self, place: Path, uri: str = "") -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        known = {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(place)} | ({"MLFLOW_TRACKING_URI": uri} if uri else {})
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRAINING], cwd=place, env=clean | known, stdin=subprocess.PIPE, text=True
        )

    def tell(self, **message: Any) -> None:
        self.process.stdin.write(f"tell(**{message!r})\n")
        self.process.stdin.flush()

    def epoch(self, number: int) -> None:
        measures = {"accuracy": 0.5, "loss": 1.0, "validation_accuracy": 0.1 * number, "validation_loss": 1.0}
        self.tell(run="m", epoch={"epoch": number} | measures)

    def end(self) -> None:
        self.tell(run="m", end="completed")
        self.process.communicate()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def runs(place: Path, uri: str = "") -> list[Run]:
    if not uri and not (place / ".mlflow/mlflow.db").exists():
        return []
    client = MlflowClient(uri or f"sqlite:///{place}/.mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("digits")
    return client.search_runs([experiment.experiment_id]) if experiment else []


def state(place: Path, uri: str = "") -> list[tuple[str, float | None]]:
    return [(run.info.status, run.data.metrics.get("validation_accuracy")) for run in runs(place, uri)]


def test_a_run_is_seen_running_with_its_curve_growing_and_then_finished(place: Path) -> None:
    training = Training(place)
    training.tell(run="m", begin=MODEL)
    eventually(lambda: state(place) == [("RUNNING", None)])
    training.epoch(1)
    eventually(lambda: state(place) == [("RUNNING", 0.1)])
    training.epoch(2)
    eventually(lambda: state(place) == [("RUNNING", 0.2)])
    training.end()
    eventually(lambda: state(place) == [("FINISHED", 0.2)])
    [run] = runs(place)
    assert run.info.run_name == "mlp baseline, seed 1"
    assert run.data.params["train.epochs"] == "10"
    assert run.data.params["models.mlp.units"] == "8"
    assert {each.dataset.name for each in run.inputs.dataset_inputs} == {"mnist"}


def test_a_killed_training_is_marked_so_and_replaced_by_the_next(place: Path) -> None:
    killed = Training(place)
    killed.tell(run="m", begin=MODEL)
    killed.epoch(1)
    eventually(lambda: state(place) == [("RUNNING", 0.1)])
    killed.kill()
    eventually(lambda: state(place) == [("KILLED", 0.1)])
    again = Training(place)
    again.tell(run="m", begin=MODEL)
    eventually(lambda: state(place) == [("RUNNING", None)])
    again.end()
    eventually(lambda: state(place) == [("FINISHED", None)])


def test_a_result_that_is_there_is_not_shown_twice(place: Path) -> None:
    for _ in range(2):
        training = Training(place)
        training.tell(run="m", begin=MODEL)
        training.epoch(1)
        training.end()
        eventually(lambda: state(place) == [("FINISHED", 0.1)])


def test_a_training_that_ends_in_an_error_says_why(place: Path) -> None:
    training = Training(place)
    training.tell(run="m", begin=MODEL)
    training.process.communicate("raise ValueError('the loss became nan')\n")
    eventually(lambda: state(place) == [("FAILED", None)])
    assert runs(place)[0].data.tags["reason"] == "the loss became nan"


def test_who_does_not_listen_never_holds_a_training_up() -> None:
    _, end = os.pipe()
    line = Line(end)
    started = time.monotonic()
    for number in range(20_000):
        line.tell(run="m", epoch={"epoch": number})
    assert time.monotonic() - started < 10
    assert len(line.waiting) > 100_000


def test_a_server_killed_during_a_training_loses_nothing_and_gets_nothing_twice(place: Path) -> None:
    server = partial(mlflow_server, f"sqlite:///{place}/server.db", f"{place}/artifacts", free_port())
    with server() as uri:
        training = Training(place, uri)
        training.tell(run="m", begin=MODEL)
        training.epoch(1)
        eventually(lambda: state(place, uri) == [("RUNNING", 0.1)])
    training.epoch(2)
    time.sleep(3)
    with server():
        training.epoch(3)
        eventually(lambda: state(place, uri) == [("RUNNING", pytest.approx(0.3))])
        training.end()
        eventually(lambda: state(place, uri) == [("FINISHED", pytest.approx(0.3))])
        client, [run] = MlflowClient(uri), runs(place, uri)
        history = client.get_metric_history(run.info.run_id, "loss")
        assert [point.step for point in history] == [1, 2, 3]
