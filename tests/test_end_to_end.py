"""The whole pipeline, for real: DVC runs it on a few hundred images of other shape and classes than MNIST's."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import requests
from mlflow import MlflowClient
from PIL import Image

from digits.report import figures
from tests.conftest import change
from tests.demo.conftest import served
from tests.images import encoded
from tests.pipeline import CLASSES, at, audited, checkpoints, copied, forget, locked, ran, run, started
from tests.servers import POSTGRES, S3, eventually, free_port, mlflow_server, postgres, s3

pytestmark = pytest.mark.slow

SUMMARY = ["test_accuracy", "gain", "verdict", "objective"]
TRACKED = {"model": 2, "search": 1, "trial": 4, "points": 2 * 5 * 2, "trials": 4, "equal_metrics": 10}

TRAINED = {"train_baseline@mlp", "tune@mlp", "train_tuned@mlp"}


@pytest.fixture
def project(undisturbed: Path, tmp_path: Path) -> Path:
    """A copy for each test, with no MLflow store."""
    return copied(undisturbed, tmp_path / "project")


def trials(folder: Path) -> dict[str, int]:
    return checkpoints(folder, of="*-trial-*")


@contextmanager
def server(folder: Path) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """One that can be started again, and has kept everything: in PostgreSQL and S3, where there is PostgreSQL."""
    if not POSTGRES:
        yield partial(mlflow_server, f"sqlite:///{folder}/server.db", f"{folder}/artifacts", free_port())
        return
    with postgres() as database, s3("digits") as endpoint:
        settings = {"MLFLOW_S3_ENDPOINT_URL": endpoint} | S3
        yield partial(mlflow_server, database, "s3://digits", free_port(), **settings)


def known(uri: str) -> bool:
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    return bool(experiment and client.search_runs([experiment.experiment_id], "metrics.loss > 0"))


def test_the_pipeline_goes_from_images_to_the_table(undisturbed: Path) -> None:
    table = (undisturbed / "reports/comparison.md").read_text().split("\n\n## ")[0].partition("\n\n")[2]
    assert table in (undisturbed / "README.md").read_text()
    summary = json.loads((undisturbed / "reports/summary.json").read_text())
    assert {family: list(values) for family, values in summary.items()} == {"mlp": SUMMARY}
    metrics = json.loads((undisturbed / "reports/metrics.json").read_text())
    assert {family: list(variants) for family, variants in metrics.items()} == {"mlp": ["baseline", "tuned"]}
    assert metrics["mlp"]["baseline"]["test_accuracy"] > 0.5
    assert json.loads((undisturbed / "reports/data.json").read_text())["classes"] == CLASSES
    assert np.load(undisturbed / "data/predictions/mlp-tuned-1.npy").shape == (80, 4)
    drawn = {path.name for path in (undisturbed / "reports/figures").iterdir()}
    assert drawn == {f"mlp-{name}.png" for name in figures.FIGURES} | {figures.COST_ACCURACY}
    tables = {f"{path.parent.name}/{path.name}" for path in (undisturbed / "reports/plots").glob("*/*")}
    assert tables == {f"{name}/mlp.csv" for name in figures.data.TABLES}


def test_a_server_and_then_an_experiment_that_are_killed_lose_no_trial_and_give_nothing_twice(
    project: Path, undisturbed: Path, tmp_path: Path
) -> None:
    forget(project, *TRAINED)
    with server(tmp_path) as start, ExitStack() as first:
        with start() as uri:
            experiment = (*at(uri), "dvc", "exp", "run", "--name", "first")
            first.enter_context(started(project, *experiment))
            eventually(lambda: known(uri))
        done = eventually(lambda: len(trials(project)) >= 2 and trials(project))
        first.close()
        run(project, "git", "checkout", "--quiet", "main")  # DVC had left it
        with start():
            with started(project, *experiment) as again:
                eventually(lambda: len(trials(project)) > len(done))
                assert done.items() <= trials(project).items()
                output = again.communicate()[0]
            assert ran(output) == {"tune@mlp", "train_tuned@mlp", "track"}  # the baseline is in DVC's cache
            assert "first" in run(project, "git", "for-each-ref", "refs/exps")
            found = audited(project, uri)
            assert found["champion"] > 0.5
            assert found == TRACKED | {"champion": found["champion"]}
            output = run(project, *at(uri), "dvc", "repro")
            assert ran(output) == {"track"}
            assert "3 there" in output
    assert locked(project) == locked(undisturbed)  # to the byte


def test_the_models_can_be_asked_about_new_pictures(project: Path) -> None:
    image = np.load(project / "data/predictions/images.npy")[0]
    wanted = np.load(project / "data/predictions/mlp-tuned-1.npy")[0]
    (project / "models/mlp-tuned/1.keras").unlink()
    with served(project, typed="y\n") as address:  # make it again
        assert requests.get(f"{address}/api/models", timeout=30).json()["classes"] == CLASSES
        body, headers = encoded(Image.fromarray(image)), {"Content-Type": "image/png"}
        told = requests.post(f"{address}/api/predict?models=mlp-tuned", body, headers=headers, timeout=30).json()
    assert told["input"] == image.tolist()
    assert told["answers"][0]["probabilities"] == pytest.approx(wanted.tolist(), abs=1e-5)


def test_a_store_that_lacks_everything_is_filled(project: Path) -> None:
    output = run(project, "dvc", "repro")
    assert "3 added" in output
    assert "arning" not in output
    assert audited(project).items() >= TRACKED.items()


def test_a_server_that_does_not_answer_costs_a_warning(project: Path) -> None:
    output = run(project, "env", "MLFLOW_TRACKING_URI=http://ann:secret@127.0.0.1:9", "dvc", "repro")
    [warning] = [line for line in output.splitlines() if "warning" in line]
    assert "http://127.0.0.1:9 is not up to date" in warning
    assert "the next `dvc repro` fills the gap" in warning
    assert "secret" not in output


def test_a_wrong_parameter_ends_the_run_before_anything_else_runs(project: Path) -> None:
    change(project, {"train.epochs": 0, "prepare.seed": 7})
    output = run(project, "dvc", "repro", ok=False)
    assert "params.yaml: train.epochs = 0: must be greater than or equal to 1" in output
    assert ran(output) == {"check"}
    assert (project / "docs/params.schema.json").exists()


def test_an_edited_figure_draws_again_and_trains_nothing(project: Path) -> None:
    style = project / "digits/report/figures/style.py"
    style.write_text(style.read_text() + "\n# edited\n")
    assert ran(run(project, "dvc", "repro", "--dry")) == {"plot", "track"}
