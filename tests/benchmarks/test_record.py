import os
from copy import deepcopy
from pathlib import Path

import mlflow
import pytest
from ruamel.yaml import YAML

from benchmarks.record import NAME, OVERLAY, settings, trained
from digits.params.load import check
from digits.params.schema import params
from digits.tracking.store import connect
from tests.conftest import ROOT

LOAD = YAML(typ="safe").load


def test_differences_are_given_as_dvc_takes_them() -> None:
    tree = {"train": {"epochs": 30}, "tune": {"mlp": {"rungs": [2, 8], "space": {"schedule": ["cosine", "constant"]}}}}
    assert list(settings(tree)) == [
        "++train.epochs=30",
        "++tune.mlp.rungs=[2,8]",
        "++tune.mlp.space.schedule=['cosine','constant']",
    ]


def test_the_records_parameters_are_valid() -> None:
    check(params(), merged(LOAD(ROOT / "params.yaml"), LOAD(OVERLAY)))


def merged(below: dict, above: dict) -> dict:
    tree = deepcopy(below)
    for key, value in above.items():
        tree[key] = merged(tree[key], value) if isinstance(value, dict) else value
    return tree


def test_the_minutes_are_those_of_the_newest_trainings_and_searches(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store = connect()
    told = [
        ("mlp search", "search", NAME, "FINISHED", 60),
        ("mlp search", "search", NAME, "FINISHED", 120),
        ("mlp tuned, seed 1", "model", NAME, "FINISHED", 180),
        ("mlp trial 1", "trial", NAME, "FINISHED", 40),
        ("mlp tuned, seed 2", "model", NAME, "FAILED", 50),
        ("mlp tuned, seed 2", "model", "other", "FINISHED", 70),
    ]
    for begun, (name, kind, experiment, status, seconds) in enumerate(told, start=1):
        tags = {"kind": kind, "dvc.experiment": experiment}
        run = store.client.create_run(store.experiment, start_time=begun, tags=tags, run_name=name)
        store.client.log_metric(run.info.run_id, "seconds", seconds)
        store.client.set_terminated(run.info.run_id, status)
    try:
        assert trained() == (5, 2)
    finally:
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it
        mlflow.set_tracking_uri(None)
