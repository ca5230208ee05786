"""Whoever trains, and whatever is killed, MLflow ends up with every run once.

The tests build on each other in the order they stand: each goes on from what the one before left committed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from tests.pipeline import at, commit, make, notes, ran, run, started, tracked
from tests.servers import POSTGRES, S3, eventually, free_port, mlflow_server, postgres, s3

EPOCHS = 100


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("store") / "project", families=["mlp"], **{"train.epochs": EPOCHS})


@contextmanager
def server(kind: str, folder: Path) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """One that can be started again, and has kept everything."""
    if kind == "SQLite and files":
        yield partial(mlflow_server, f"sqlite:///{folder}/server.db", f"{folder}/artifacts", free_port())
        return
    with postgres() as database, s3("digits") as endpoint:
        settings = {"MLFLOW_S3_ENDPOINT_URL": endpoint} | S3
        yield partial(mlflow_server, database, "s3://digits", free_port(), **settings)


@pytest.mark.parametrize("kind", ["PostgreSQL and S3" if POSTGRES else "SQLite and files"])
def test_a_server_and_then_a_run_that_are_killed_lose_nothing_and_give_nothing_twice(
    project: Path, tmp_path: Path, kind: str
) -> None:
    with server(kind, tmp_path) as start, ExitStack() as repro:
        with start() as uri:
            repro.enter_context(started(project, *at(uri), "dvc", "repro"))
            eventually(lambda: 5 < len(curve(uri)) < EPOCHS)
        eventually((project / "models/mlp-baseline-1.json").exists)
        with start():
            eventually(lambda: len(notes(project)) >= 2)
            repro.close()
            output = run(project, *at(uri), "dvc", "repro")
            asked = {"evaluate", "compare", "plot", "export", "track"}
            assert ran(output) == asked | {"tune@mlp", "train_tuned@mlp-1"}
            eventually(lambda: len(curve(uri)) == EPOCHS)
            assert tracked(project, uri).items() >= {"model": 2, "search": 1, "trial": 4, "points": 8 * EPOCHS}.items()
            assert "3 there" in run(project, *at(uri), "dvc", "repro")
    commit(project)


def curve(uri: str) -> list[int]:
    """The epochs that the server knows of the model trained first."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    found = client.search_runs([experiment.experiment_id], "tags.variant = 'baseline'") if experiment else []
    assert len(found) <= 1
    return [point.step for run in found for point in client.get_metric_history(run.info.run_id, "loss")]


def test_experiments_at_once_in_copies_of_the_project_train_what_is_new_and_end_in_one_store(project: Path) -> None:
    run(project, "dvc", "exp", "run", "--queue", "--name", "shorter", "--set-param", "train.epochs=3")
    run(project, "sh", "-c", "dvc queue start >/dev/null 2>&1")  # its worker keeps what it is given open
    output = run(project, "dvc", "exp", "run", "--temp", "--name", "more-seeds", "--set-param", "seeds=[1,2]")
    again = {"check", "evaluate", "compare", "plot", "export", "track"}
    # Copies lack data/own, which git does not know: `download` looks again in whichever of the two comes first.
    assert ran(output) - {"download"} == again | {"train_baseline@mlp-2", "train_tuned@mlp-2"}
    eventually(lambda: "shorter" in run(project, "git", "for-each-ref", "refs/exps"))
    eventually(lambda: "Success" in run(project, "dvc", "queue", "status"))
    client = MlflowClient(f"sqlite:///{project}/.mlflow/mlflow.db")
    images = np.load(project / "data/predictions/images.npy")
    for name, epochs, models in (("shorter", 3, 2), ("more-seeds", EPOCHS, 4)):
        condition = f"tags.dvc.experiment = '{name}' and tags.kind = 'model'"
        found = client.search_runs([client.get_experiment_by_name("digits").experiment_id], condition)
        assert len(found) == models
        assert {model.data.tags["variant"] for model in found} == {"baseline", "tuned"}
        for model in found:
            assert model.info.status == "FINISHED"
            assert len(client.get_metric_history(model.info.run_id, "loss")) == epochs
            [output] = model.outputs.model_outputs
            kept = client.get_logged_model(output.model_id).artifact_location
            assert len(mlflow.pyfunc.load_model(kept).predict(images)) == len(images)


def test_an_experiment_is_compared_with_what_is_committed_and_applied(project: Path) -> None:
    assert "more-seeds" in run(project, "dvc", "exp", "show", "--csv")
    assert "seeds" in run(project, "dvc", "params", "diff", "main", "more-seeds")
    difference = json.loads(run(project, "dvc", "metrics", "diff", "main", "more-seeds", "--json"))
    assert "test_accuracy_sd" in str(difference)
    assert "file://" in run(project, "dvc", "plots", "diff", "main", "more-seeds")
    run(project, "dvc", "exp", "apply", "more-seeds")
    assert tracked(project, dvc_experiment="more-seeds")["model"] == 4


def test_models_that_params_no_longer_name_are_forgotten(project: Path) -> None:
    run(project, "git", "reset", "--quiet", "--hard")
    assert (project / "models/mlp-tuned-2.keras").exists()
    run(project, "dvc", "repro")
    assert not (project / "models/mlp-tuned-2.keras").exists()
    assert run(project, "git", "status", "--porcelain") == ""
