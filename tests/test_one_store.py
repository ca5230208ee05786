"""Whoever trains, and whatever happens to the server, MLflow ends up with every run once."""

import subprocess
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from tests.pipeline import ENVIRONMENT, change, commit, make, run, tracked
from tests.servers import POSTGRES, S3, eventually, free_port, mlflow_server, postgres, s3


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make(tmp_path_factory.mktemp("store") / "project", families=["mlp"])
    run(folder, "dvc", "repro")
    commit(folder)
    return folder


def test_experiments_at_once_in_copies_of_the_project_end_in_the_same_store(project: Path) -> None:
    for name, epochs in (("one", 3), ("two", 4)):
        run(project, "dvc", "exp", "run", "--queue", "--name", name, "--set-param", f"train.epochs={epochs}")
    run(project, "dvc", "queue", "start", "--jobs", "2")
    run(project, "dvc", "exp", "run", "--temp", "--name", "three", "--set-param", "train.epochs=5")
    eventually(lambda: run(project, "dvc", "queue", "status").count("Success") == 2, seconds=200)
    client = MlflowClient(f"sqlite:///{project}/.mlflow/mlflow.db")
    images = np.load(project / "data/predictions/images.npy")
    for name, epochs in (("one", 3), ("two", 4), ("three", 5)):
        condition = f"tags.dvc.experiment = '{name}' and tags.kind = 'model'"
        found = client.search_runs([client.get_experiment_by_name("digits").experiment_id], condition)
        assert {model.data.tags["variant"] for model in found} == {"baseline", "tuned"}
        for model in found:
            assert model.info.status == "FINISHED"
            assert len(client.get_metric_history(model.info.run_id, "loss")) == epochs
            [output] = model.outputs.model_outputs
            kept = client.get_logged_model(output.model_id).artifact_location
            assert len(mlflow.pyfunc.load_model(kept).predict(images)) == len(images)


@pytest.mark.skipif(POSTGRES is None, reason="PostgreSQL is not installed")
def test_a_server_killed_amid_a_run_loses_nothing_and_gets_nothing_twice(project: Path) -> None:
    epochs = 100
    change(project, {"train.epochs": epochs})
    with postgres() as database, s3("digits") as endpoint:
        settings = {"MLFLOW_S3_ENDPOINT_URL": endpoint} | S3
        server = partial(mlflow_server, database, "s3://digits", free_port(), **settings)
        with server() as uri:
            environment = ENVIRONMENT | {"MLFLOW_TRACKING_URI": uri}
            repro = subprocess.Popen(["dvc", "repro"], cwd=project, env=environment, stdout=subprocess.DEVNULL)
            eventually(lambda: 5 < len(curve(uri)) < epochs)
        eventually((project / "models/mlp-baseline-1.json").exists)
        with server():
            assert repro.wait() == 0
            eventually(lambda: len(curve(uri)) == epochs)
            assert tracked(project, uri).items() >= {"model": 2, "search": 1, "trial": 3, "points": 8 * epochs}.items()
            assert "3 there" in run(project, "env", f"MLFLOW_TRACKING_URI={uri}", "dvc", "repro")


def curve(uri: str) -> list[int]:
    """The epochs that the server knows of the model trained first."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    found = client.search_runs([experiment.experiment_id], "tags.variant = 'baseline'") if experiment else []
    assert len(found) <= 1
    return [point.step for run in found for point in client.get_metric_history(run.info.run_id, "loss")]
