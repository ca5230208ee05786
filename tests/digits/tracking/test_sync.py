"""Synchronize a real store with made-up results."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from mlflow.entities import Run

from digits.models import keras_file
from digits.tracking import runs
from digits.tracking.provenance import Provenance, run_info
from digits.tracking.registry import EvaluationSet, find_logged_model
from digits.tracking.store import Store
from digits.tracking.sync import RunContent, sync
from tests.digits.tracking.conftest import MODEL, SEARCH, TRIAL

TEST = EvaluationSet(np.zeros((1, 4, 4, 1), np.uint8), ["0", "1"], np.zeros(1, np.int32), "made up")
CURVE = [{"epoch": epoch, "loss": 1 / epoch} for epoch in (1, 2, 3)]


@pytest.fixture
def model(provenance: Provenance) -> RunContent:
    return RunContent(run_info(provenance, MODEL), "completed", CURVE, {"test_accuracy": 0.5}, [Path("params.yaml")])


@pytest.fixture
def search(provenance: Provenance) -> RunContent:
    info = run_info(provenance, SEARCH)
    trials = [RunContent(run_info(provenance, TRIAL, info), "pruned", CURVE[:1], reason="others are better")]
    return RunContent(info, "completed", [], {"trials": 1}, trials=trials)


def only_run(store: Store, kind: str) -> Run:
    [run] = runs.search(store, f"tags.kind = '{kind}'")
    return run


def steps(store: Store, run: Run) -> Sequence[int]:
    return [point.step for point in store.client.get_metric_history(run.info.run_id, "loss")]


def test_missing_runs_are_added_once(
    store: Store, provenance: Provenance, model: RunContent, search: RunContent
) -> None:
    assert sync(store, provenance, [model, search], TEST) == {"added": 2}
    assert sync(store, provenance, [model, search], TEST) == {"unchanged": 2}
    run, trial = only_run(store, "model"), only_run(store, "trial")
    assert (run.info.status, run.data.metrics["test_accuracy"]) == ("FINISHED", 0.5)
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == ["params.yaml"]
    assert steps(store, run) == [1, 2, 3]
    assert (trial.data.tags["status"], trial.data.tags["reason"]) == ("pruned", "others are better")
    assert trial.data.tags["mlflow.parentRunId"] == only_run(store, "search").info.run_id


def test_a_deleted_model_is_logged_again(store: Store, provenance: Provenance, model: RunContent) -> None:
    keras_file.save(keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]), Path("1.keras"))
    content = replace(model, model=Path("1.keras"))
    sync(store, provenance, [content], TEST)
    run_id = only_run(store, "model").info.run_id
    store.client.delete_logged_model(find_logged_model(store, run_id).model_id)
    assert find_logged_model(store, run_id) is None
    assert sync(store, provenance, [content], TEST) == {"updated": 1}
    assert find_logged_model(store, run_id) is not None


def test_a_changed_metric_replaces_the_old_value(store: Store, provenance: Provenance, model: RunContent) -> None:
    sync(store, provenance, [model], TEST)
    assert sync(store, provenance, [replace(model, metrics={"test_accuracy": 0.6})], TEST) == {"updated": 1}
    run = only_run(store, "model")
    assert run.data.metrics["test_accuracy"] == 0.6
    assert steps(store, run) == [1, 2, 3]


def test_an_interrupted_run_is_updated_and_loses_its_reason(
    store: Store, provenance: Provenance, model: RunContent
) -> None:
    run = runs.start(store, provenance, model.info)
    runs.log_epochs(store, run, CURVE[:1])
    sync(store, provenance, [], TEST)
    assert "reason" in only_run(store, "model").data.tags
    assert sync(store, provenance, [model], TEST) == {"updated": 1}
    assert only_run(store, "model").info.status == "FINISHED"
    assert "reason" not in only_run(store, "model").data.tags
    assert steps(store, run) == [1, 2, 3]


def test_a_run_without_heartbeat_is_ended_but_not_a_live_run_of_another_workspace(
    store: Store, provenance: Provenance, model: RunContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.start(store, provenance, model.info)
    other_workspace = replace(provenance, workspace="another:/folder")
    sync(store, other_workspace, [], TEST)
    assert only_run(store, "model").info.status == "RUNNING"
    sync(store, provenance, [], TEST)
    assert only_run(store, "model").info.status == "KILLED"
    assert "no heartbeat" in only_run(store, "model").data.tags["reason"]
    runs.resume(store, provenance, model.info, only_run(store, "model"))
    monkeypatch.setattr(runs, "HEARTBEAT_TIMEOUT_SECONDS", -1)
    sync(store, other_workspace, [], TEST)
    assert only_run(store, "model").info.status == "KILLED"


def test_each_experiment_has_its_own_run_and_the_workspace_reuses_one(
    store: Store, provenance: Provenance, model: RunContent
) -> None:
    assert sync(store, replace(provenance, dvc_experiment="first"), [model], TEST) == {"added": 1}
    assert sync(store, replace(provenance, dvc_experiment="second"), [model], TEST) == {"added": 1}
    assert sync(store, provenance, [model], TEST) == {"unchanged": 1}
