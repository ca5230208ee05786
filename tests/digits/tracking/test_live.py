"""Log running trainings to MLflow: a real thread, a real store."""

import os
import subprocess
import sys
from typing import Any

import pytest

from digits.tracking import live as module
from digits.tracking import runs
from digits.tracking.live import live
from digits.tracking.store import Store
from tests.conftest import ROOT
from tests.digits.tracking.conftest import MODEL, SEARCH, TRIAL
from tests.servers import HOST, eventually, free_port

# Prints how long the end of the block took.
DRIVER = """
import time
from digits.tracking.live import live
with live(lambda: [{"status": "running", "epochs": [{"epoch": number} for number in range(5000)]}]):
    time.sleep(2)
    end = time.monotonic()
print(time.monotonic() - end)
"""


@pytest.fixture(autouse=True)
def long_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, the last write takes long."""
    monkeypatch.setattr(module, "SECONDS_TO_FINISH", 100)
    monkeypatch.delenv("DIGITS_TRACKING", raising=False)


def model(n_epochs: int, status: str = "running", **fields: Any) -> dict[str, Any]:
    return MODEL | {"status": status, "epochs": curve(n_epochs)} | fields


def curve(n_epochs: int) -> list[dict[str, float]]:
    return [{"epoch": epoch, "loss": 1.0, "validation_accuracy": epoch / 8} for epoch in range(1, n_epochs + 1)]


def states(store: Store) -> list[tuple[str, float | None]]:
    return [(run.info.status, run.data.metrics.get("validation_accuracy")) for run in runs.search(store, "")]


def steps(store: Store) -> list[int]:
    [run] = runs.search(store, "")
    return [point.step for point in store.client.get_metric_history(run.info.run_id, "loss")]


def test_a_run_grows_and_is_finished_once(store: Store) -> None:
    records = [model(0)]
    with live(lambda: records):
        for n_epochs, accuracy in ((0, None), (1, 0.125), (2, 0.25)):
            records[0] = model(n_epochs)
            eventually(lambda expected=accuracy: states(store) == [("RUNNING", expected)])
        records[0] = model(2, "completed", cost={"core_minutes": 1.5})
    with live(lambda: [model(1, "completed")]):
        pass
    assert states(store) == [("FINISHED", 0.25)]
    assert steps(store) == [1, 2]
    [run] = runs.search(store, "")
    assert run.info.run_name == "mlp baseline, seed 1"
    assert run.data.tags["dvc.stage"] == "train_baseline@mlp"
    assert run.data.params["train.epochs"] == "10"
    assert run.data.params["models.mlp.units"] == "8"
    assert run.data.metrics["core_minutes"] == 1.5
    assert {item.dataset.name for item in run.inputs.dataset_inputs} == {"mnist"}


@pytest.mark.parametrize("value", ["off", "OFF"])
def test_disabled_tracking_writes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DIGITS_TRACKING", value)
    with live(lambda: [model(1)]):
        pass
    assert states(store) == []


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ValueError("the loss became nan"), "FAILED", "the loss became nan"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
    ],
)
def test_an_interrupted_run_is_resumed(store: Store, error: BaseException, status: str, reason: str) -> None:
    with pytest.raises(type(error)), live(lambda: [model(1)]):
        raise error
    assert states(store) == [(status, 0.125)]
    assert runs.search(store, "")[0].data.tags["reason"] == reason
    with live(lambda: [model(2)]):  # the process is killed here
        eventually(lambda: states(store) == [("RUNNING", 0.25)])
        assert not {"status", "reason"} & runs.search(store, "")[0].data.tags.keys()
    with live(lambda: [model(3, "completed")]):
        pass
    assert states(store) == [("FINISHED", 0.375)]
    assert steps(store) == [1, 2, 3]


def test_trials_are_child_runs_of_their_search_and_end_with_it(store: Store) -> None:
    trials = [
        TRIAL | {"trial": 0, "status": "pruned", "reason": "others are better", "epochs": curve(1)},
        TRIAL | {"trial": 1, "status": "running", "epochs": curve(1)},
    ]
    with pytest.raises(KeyboardInterrupt), live(lambda: [SEARCH | {"status": "running", "trials": trials}]):
        raise KeyboardInterrupt
    runs_by_name = {run.info.run_name: run for run in runs.search(store, "")}
    assert {name: run.info.status for name, run in runs_by_name.items()} == {
        "mlp search, seed 1": "KILLED",
        "mlp trial 0, seed 1": "FINISHED",
        "mlp trial 1, seed 1": "KILLED",
    }
    assert runs_by_name["mlp trial 0, seed 1"].data.tags["status"] == "pruned"
    parents = {run.data.tags.get("mlflow.parentRunId") for name, run in runs_by_name.items() if "trial" in name}
    assert parents == {runs_by_name["mlp search, seed 1"].info.run_id}


def test_epochs_are_written_again_after_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    records, errors = [model(1)], []
    with live(lambda: records):
        eventually(lambda: states(store) == [("RUNNING", 0.125)])
        with monkeypatch.context() as patch:
            patch.setattr(runs, "log_metrics", lambda *_: errors.append("failed") or 1 / 0)
            records[0] = model(2)
            eventually(lambda: len(errors) > 1)
        records[0] = model(3, "completed")
    assert states(store) == [("FINISHED", 0.375)]
    assert steps(store) == [1, 2, 3]


def test_a_dead_server_blocks_no_training_and_prints_nothing() -> None:
    dead_server = {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": f"http://{HOST}:{free_port()}"}
    command = [sys.executable, "-c", DRIVER]
    environment = {name: value for name, value in os.environ.items() if name != "DIGITS_TRACKING"} | dead_server
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert process.stderr == ""
    assert float(process.stdout) < 6
