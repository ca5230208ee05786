"""A driver's messages in MLflow while it trains: a real thread, a real store."""

import os
import subprocess
import sys
from typing import Any

import pytest

from digits.tracking import runs
from digits.tracking.store import Store, disabled
from digits.tracking.writer import RunWriter
from digits.training import reporter
from digits.training.reporter import Reporter, reporting
from tests.conftest import ROOT
from tests.servers import HOST, eventually, free_port

MODEL = {"family": "mlp", "variant": "baseline", "seed": 1, "fingerprint": "f" * 32, "hyperparameters": {"units": 8}}
SEARCH = {"family": "mlp", "seed": 1, "fingerprint": "e" * 32}
TRIAL = {"trial": 0, "hyperparameters": {"units": 8}}
PATIENCE = 100  # seconds, on a busy machine

# It says how long it was held up after its trainings.
DRIVER = """
import time
from digits.training.reporter import reporting
with reporting() as driver:
    driver.begin("m", {})
    driver.epochs("m", [{"epoch": number} for number in range(5000)])
    started = time.monotonic()
print(time.monotonic() - started)
"""


def epoch(number: int) -> dict[str, float]:
    return {"epoch": number, "loss": 1.0, "validation_accuracy": 0.1 * number}


def said(driver: Reporter) -> list[dict[str, Any]]:
    """Since it was asked last."""
    return [driver.messages.get() for _ in range(driver.messages.qsize())]


def state(store: Store) -> list[tuple[str, float | None]]:
    return [(run.info.status, run.data.metrics.get("validation_accuracy")) for run in runs.search(store, "")]


def steps(store: Store) -> list[int]:
    [run] = runs.search(store, "")
    return [point.step for point in store.client.get_metric_history(run.info.run_id, "loss")]


def test_a_run_is_seen_running_with_its_curve_growing_and_then_finished_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "SECONDS_TO_FINISH", PATIENCE)
    monkeypatch.delenv("DIGITS_TRACKING", raising=False)
    with reporting() as driver:
        driver.begin("m", MODEL)
        eventually(lambda: state(store) == [("RUNNING", None)])
        driver.epochs("m", [epoch(1)])
        eventually(lambda: state(store) == [("RUNNING", 0.1)])
        driver.epochs("m", [epoch(2)])
        eventually(lambda: state(store) == [("RUNNING", 0.2)])
        driver.end("m", "completed", core_minutes=1.5)
    with reporting() as again:
        again.begin("m", MODEL)
        again.epochs("m", [epoch(1)])
        again.end("m", "completed")
    assert state(store) == [("FINISHED", 0.2)]
    assert steps(store) == [1, 2]
    [run] = runs.search(store, "")
    assert run.info.run_name == "mlp baseline, seed 1"
    assert run.data.tags["dvc.stage"] == "train_baseline@mlp"
    assert run.data.params["train.epochs"] == "10"
    assert run.data.params["models.mlp.units"] == "8"
    assert run.data.metrics["core_minutes"] == 1.5
    assert {each.dataset.name for each in run.inputs.dataset_inputs} == {"mnist"}


@pytest.mark.parametrize("given", ["off", "OFF"])
def test_tracking_that_is_turned_off_writes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("DIGITS_TRACKING", given)
    with reporting() as driver:
        driver.begin("m", MODEL)
    assert disabled()
    assert state(store) == []


def test_a_training_that_was_killed_or_failed_is_continued_by_the_next_with_the_epochs_that_it_lacks(
    store: Store,
) -> None:
    for epochs, status in ((1, None), (2, "failed"), (3, "killed"), (4, None)):
        driver, writer = Reporter(), RunWriter()
        driver.begin("m", MODEL)
        driver.epochs("m", [epoch(number) for number in range(1, epochs + 1)])  # again what was told before
        assert writer.write(said(driver))
        assert state(store) == [("RUNNING", pytest.approx(0.1 * epochs))]
        assert not {"status", "reason"} & runs.search(store, "")[0].data.tags.keys()
        if status:
            driver.end_all(status, "the loss became nan")
            assert writer.write(said(driver))
            assert state(store) == [(status.upper(), pytest.approx(0.1 * epochs))]
            assert runs.search(store, "")[0].data.tags["reason"] == "the loss became nan"
    assert steps(store) == [1, 2, 3, 4]


def test_a_search_has_its_trials_below_it_and_all_that_is_open_ends_with_it(store: Store) -> None:
    driver = Reporter()
    driver.begin("s", SEARCH)
    for number in (0, 1):
        driver.begin(f"t{number}", TRIAL | {"trial": number}, "s")
    driver.epochs("t1", [epoch(1)])
    driver.epochs("t0", [epoch(1)])
    driver.end("t0", "pruned", "others were better")
    driver.end_all("killed", "it was interrupted")
    assert RunWriter().write(said(driver))
    found = {run.info.run_name: run for run in runs.search(store, "")}
    assert {name: run.info.status for name, run in found.items()} == {
        "mlp search, seed 1": "KILLED",
        "mlp trial 0, seed 1": "FINISHED",
        "mlp trial 1, seed 1": "KILLED",
    }
    assert found["mlp trial 0, seed 1"].data.tags["status"] == "pruned"
    parents = {run.data.tags.get("mlflow.parentRunId") for name, run in found.items() if "trial" in name}
    assert parents == {found["mlp search, seed 1"].info.run_id}


def test_what_could_not_be_written_is_written_later_and_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, writer = Reporter(), RunWriter()
    driver.begin("m", MODEL)
    driver.epochs("m", [epoch(1)])
    assert writer.write(said(driver))
    driver.epochs("m", [epoch(2)])
    with monkeypatch.context() as broken:
        broken.delattr(runs, "add")
        assert not writer.write(said(driver))
    driver.epochs("m", [epoch(3)])
    driver.end("m", "completed")
    assert writer.write(said(driver))
    assert state(store) == [("FINISHED", pytest.approx(0.3))]
    assert steps(store) == [1, 2, 3]


def test_a_dead_server_holds_no_driver_up_and_is_not_complained_about() -> None:
    dead = {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": f"http://{HOST}:{free_port()}"}
    command = [sys.executable, "-c", DRIVER]
    environment = {name: value for name, value in os.environ.items() if name != "DIGITS_TRACKING"} | dead
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert float(done.stdout) < reporter.SECONDS_TO_FINISH + 1
