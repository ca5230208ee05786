"""MLflow made to agree with results: a real store, records made by hand."""

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
from digits.tracking.registry import EvaluationSet, logged_model
from digits.tracking.store import Store
from digits.tracking.sync import RunRecord, sync
from tests.digits.tracking.conftest import MODEL, SEARCH, TRIAL

TEST = EvaluationSet(np.zeros((1, 4, 4, 1), np.uint8), ["0", "1"], np.zeros(1, np.int32), "made up")
CURVE = [{"epoch": epoch, "loss": 1 / epoch} for epoch in (1, 2, 3)]


@pytest.fixture
def model(provenance: Provenance) -> RunRecord:
    return RunRecord(run_info(provenance, MODEL), "completed", CURVE, {"test_accuracy": 0.5}, [Path("params.yaml")])


@pytest.fixture
def search(provenance: Provenance) -> RunRecord:
    info = run_info(provenance, SEARCH)
    trials = [RunRecord(run_info(provenance, TRIAL, info), "pruned", CURVE[:1], reason="others were better")]
    return RunRecord(info, "completed", [], {"trials": 1}, trials=trials)


def only(store: Store, kind: str) -> Run:
    [run] = runs.search(store, f"tags.kind = '{kind}'")
    return run


def steps(store: Store, run: Run) -> Sequence[int]:
    return [point.step for point in store.client.get_metric_history(run.info.run_id, "loss")]


def test_what_is_missing_is_added_once(
    store: Store, provenance: Provenance, model: RunRecord, search: RunRecord
) -> None:
    assert sync(store, provenance, [model, search], TEST) == {"added": 2}
    assert sync(store, provenance, [model, search], TEST) == {"there": 2}
    run, trial = only(store, "model"), only(store, "trial")
    assert (run.info.status, run.data.metrics["test_accuracy"]) == ("FINISHED", 0.5)
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == ["params.yaml"]
    assert steps(store, run) == [1, 2, 3]
    assert (trial.data.tags["status"], trial.data.tags["reason"]) == ("pruned", "others were better")
    assert trial.data.tags["mlflow.parentRunId"] == only(store, "search").info.run_id


def test_a_model_that_somebody_has_deleted_is_logged_again(
    store: Store, provenance: Provenance, model: RunRecord
) -> None:
    keras_file.save(keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()]), Path("1.keras"))
    record = replace(model, model=Path("1.keras"))
    sync(store, provenance, [record], TEST)
    run_id = only(store, "model").info.run_id
    store.client.delete_logged_model(logged_model(store, run_id).model_id)
    assert logged_model(store, run_id) is None
    assert sync(store, provenance, [record], TEST) == {"completed": 1}
    assert logged_model(store, run_id) is not None


def test_another_number_completes_the_run_and_doubles_nothing(
    store: Store, provenance: Provenance, model: RunRecord
) -> None:
    sync(store, provenance, [model], TEST)
    assert sync(store, provenance, [replace(model, metrics={"test_accuracy": 0.6})], TEST) == {"completed": 1}
    run = only(store, "model")
    assert run.data.metrics["test_accuracy"] == 0.6
    assert steps(store, run) == [1, 2, 3]


def test_a_run_that_was_cut_short_gets_what_it_lacks_and_no_longer_says_why_it_was_not_finished(
    store: Store, provenance: Provenance, model: RunRecord
) -> None:
    run = runs.begin(store, provenance, model.info)
    runs.add_epochs(store, run, CURVE[:1])
    sync(store, provenance, [], TEST)
    assert "reason" in only(store, "model").data.tags
    assert sync(store, provenance, [model], TEST) == {"completed": 1}
    assert only(store, "model").info.status == "FINISHED"
    assert "reason" not in only(store, "model").data.tags
    assert steps(store, run) == [1, 2, 3]


def test_a_silent_run_is_closed_and_one_that_lives_elsewhere_is_not(
    store: Store, provenance: Provenance, model: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.begin(store, provenance, model.info)
    elsewhere = replace(provenance, workspace="another:/folder")
    sync(store, elsewhere, [], TEST)
    assert only(store, "model").info.status == "RUNNING"
    sync(store, provenance, [], TEST)
    assert only(store, "model").info.status == "KILLED"
    assert only(store, "model").data.tags["reason"] == "it was found without a sign of life"
    runs.resume(store, provenance, model.info, only(store, "model"))
    monkeypatch.setattr(runs, "HEARTBEAT_TIMEOUT", -1)
    sync(store, elsewhere, [], TEST)
    assert only(store, "model").info.status == "KILLED"


def test_an_experiment_has_a_run_of_its_own_that_the_workspace_takes_over(
    store: Store, provenance: Provenance, model: RunRecord
) -> None:
    assert sync(store, replace(provenance, experiment="first"), [model], TEST) == {"added": 1}
    assert sync(store, replace(provenance, experiment="second"), [model], TEST) == {"added": 1}
    assert sync(store, provenance, [model], TEST) == {"there": 1}
