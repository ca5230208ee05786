"""Run experiments in parallel, then other commands: MLflow has all runs in one store."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
import requests
from dvc.api import DVCFileSystem
from mlflow import MlflowClient

from tests.pipeline import ROOT, audit, copy_project, executed_stages, run, started
from tests.servers import eventually, free_port, is_listening

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def experiments(finished_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project after two parallel experiments, and the output of the one in the foreground."""
    project = copy_project(finished_project, tmp_path_factory.mktemp("store") / "project")
    families = ("--set-param", "families=[mlp,cnn]")
    run(project, "dvc", "exp", "run", "--queue", "--name", "more-families", *families, "track")
    run(project, "sh", "-c", "dvc queue start >/dev/null 2>&1")  # its worker keeps inherited streams open
    seeds = ("--set-param", "seeds=[1,2]", "--set-param", "tune.seeds=[1,2]")
    output = run(project, "dvc", "exp", "run", "--temp", "--name", "more-seeds", *seeds, "track")
    eventually(lambda: "more-families" in run(project, "git", "for-each-ref", "refs/exps"))
    eventually(lambda: "Success" in run(project, "dvc", "queue", "status"))
    return project, output


@pytest.fixture
def project(experiments: tuple[Path, str]) -> Iterator[Path]:
    folder, _ = experiments
    yield folder
    if run(folder, "git", "status", "--porcelain"):
        run(folder, "git", "reset", "--quiet", "--hard")
        run(folder, "dvc", "checkout", "--quiet")


def load_record(project: Path, revision: str, variant: str) -> dict[str, object]:
    """Load the training record of seed 1."""
    return json.loads(DVCFileSystem(str(project), rev=revision).read_bytes(f"models/mlp-{variant}/1.json"))


def test_an_experiment_trains_only_new_models(experiments: tuple[Path, str]) -> None:
    project, output = experiments
    other_stages = {"check", "evaluate", "compare", "plot", "track"}
    # The copies lack data/own, which is not in git, so `download` runs in the first of the two.
    assert executed_stages(output) - {"download"} == other_stages | {
        "train_baseline@mlp",
        "tune@mlp",
        "train_tuned@mlp",
    }
    assert "mlp search, seed 2" in output
    assert "mlp search, seed 1" not in output
    for variant in ("baseline", "tuned"):
        assert f"models/mlp-{variant}: 2 models, 1 of them reused" in output
        assert load_record(project, "more-seeds", variant) == load_record(project, "main", variant)


@pytest.mark.parametrize(("name", "families"), [("more-families", {"mlp", "cnn"}), ("more-seeds", {"mlp"})])
def test_parallel_experiments_share_one_store(project: Path, name: str, families: set[str]) -> None:
    client = MlflowClient(f"sqlite:///{project}/.mlflow/mlflow.db")
    images = np.load(project / "data/predictions/images.npy")
    condition = f"tags.dvc.experiment = '{name}' and tags.kind = 'model'"
    models = client.search_runs([client.get_experiment_by_name("digits").experiment_id], condition)
    assert len(models) == 4
    assert {model.data.tags["family"] for model in models} == families
    assert {model.data.tags["variant"] for model in models} == {"baseline", "tuned"}
    for model in models:
        assert model.info.status == "FINISHED"
        assert len(client.get_metric_history(model.info.run_id, "loss")) == 2
        [output] = model.outputs.model_outputs
        location = client.get_logged_model(output.model_id).artifact_location
    assert len(mlflow.pyfunc.load_model(location).predict(images)) == len(images)


def test_an_experiment_is_compared_with_main_and_applied(project: Path) -> None:
    assert "more-seeds" in run(project, "dvc", "exp", "show", "--csv")
    assert "seeds" in run(project, "dvc", "params", "diff", "main", "more-seeds")
    assert "reports/summary.json" in run(project, "dvc", "metrics", "diff", "main", "more-seeds", "--json")
    all_metrics = ("--targets", "reports/metrics.json", "--json")
    assert "test_accuracy_sd" in run(project, "dvc", "metrics", "diff", "main", "more-seeds", *all_metrics)
    assert "file://" in run(project, "dvc", "plots", "diff", "main", "more-seeds")
    run(project, "dvc", "exp", "apply", "more-seeds")
    assert audit(project)["model"] == 6  # two of them also as runs of "more-families"


def test_models_of_removed_seeds_are_deleted(project: Path) -> None:
    run(project, "dvc", "exp", "apply", "more-seeds")
    run(project, "git", "reset", "--quiet", "--hard")
    assert (project / "models/mlp-tuned/2.keras").exists()
    run(project, "dvc", "repro")
    assert not (project / "models/mlp-tuned/2.keras").exists()
    assert run(project, "git", "status", "--porcelain") == ""


def test_the_champion_is_served_as_in_the_docs(project: Path) -> None:
    client, port = MlflowClient(f"sqlite:///{project}/.mlflow/mlflow.db"), free_port()
    section = (ROOT / "docs/models.md").read_text().partition("## Serve the champion")[2].replace("5100", str(port))
    serve, predict, *_ = re.findall(r"^```sh\n(.+?)^```", section, re.MULTILINE | re.DOTALL)
    with started(project, "sh", "-c", serve):
        eventually(lambda: is_listening(port))
        predictions = json.loads(run(project, "sh", "-c", predict))["predictions"]
        invalid = requests.post(f"http://127.0.0.1:{port}/invocations", json={"inputs": [[1, 2]]}, timeout=30)
    images = np.load(project / "data/predictions/images.npy")
    version = client.get_model_version_by_alias("digits", "champion").version
    location = client.get_model_version_download_uri("digits", version)
    [expected] = mlflow.pyfunc.load_model(location).predict(images[:1]).to_dict("records")
    assert predictions == [pytest.approx(expected, abs=1e-6)]
    assert invalid.status_code == 400
    shape = ", ".join(map(str, images.shape[1:]))
    assert f"Shape of input (1, 2) does not match expected shape (-1, {shape})" in invalid.json()["message"]
