"""Run the whole pipeline with DVC on a few hundred images of another shape and other classes than MNIST's."""

import json
import sys
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
from tests.pipeline import (
    CLASSES,
    audit,
    checkpoints,
    copy_project,
    executed_stages,
    forget_stages,
    locked_stages,
    run,
    started,
    with_server,
)
from tests.servers import POSTGRES, S3, eventually, free_port, mlflow_server, postgres, s3

pytestmark = pytest.mark.slow

SUMMARY = ["test_accuracy", "gain", "verdict", "objective"]
TRACKED = {"model": 2, "search": 1, "trial": 4, "points": 2 * 5 * 2, "trials": 4, "equal_metrics": 10}

TRAINED = {"tune@mlp", "train_tuned@mlp"}


@pytest.fixture
def project(finished_project: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, which has no MLflow store."""
    return copy_project(finished_project, tmp_path / "project")


def trial_checkpoints(folder: Path) -> dict[str, int]:
    return checkpoints(folder, pattern="*-trial-*")


@contextmanager
def server(folder: Path) -> Iterator[Callable[[], AbstractContextManager[str]]]:
    """Yield a function that starts a server, each time with the same data: in PostgreSQL, if installed, and S3."""
    if not POSTGRES:
        yield partial(mlflow_server, f"sqlite:///{folder}/server.db", f"{folder}/artifacts", free_port())
        return
    with postgres() as database, s3("digits") as endpoint:
        settings = {"MLFLOW_S3_ENDPOINT_URL": endpoint} | S3
        yield partial(mlflow_server, database, "s3://digits", free_port(), **settings)


def has_losses(uri: str) -> bool:
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("digits")
    return bool(experiment and client.search_runs([experiment.experiment_id], "metrics.loss > 0"))


def test_the_pipeline_writes_all_results(finished_project: Path) -> None:
    table = (finished_project / "reports/comparison.md").read_text().split("\n\n## ")[0].partition("\n\n")[2]
    assert table in (finished_project / "README.md").read_text()
    summary = json.loads((finished_project / "reports/summary.json").read_text())
    assert {family: list(values) for family, values in summary.items()} == {"mlp": SUMMARY}
    metrics = json.loads((finished_project / "reports/metrics.json").read_text())
    assert {family: list(variants) for family, variants in metrics.items()} == {"mlp": ["baseline", "tuned"]}
    assert metrics["mlp"]["baseline"]["test_accuracy"] > 0.5
    assert json.loads((finished_project / "reports/data.json").read_text())["classes"] == CLASSES
    assert np.load(finished_project / "data/predictions/mlp-tuned-1.npy").shape == (80, 4)
    figure_files = {path.name for path in (finished_project / "reports/figures").iterdir()}
    assert figure_files == {f"mlp-{name}.png" for name in figures.FIGURES} | {figures.COST_ACCURACY}
    tables = {f"{path.parent.name}/{path.name}" for path in (finished_project / "reports/plots").glob("*/*")}
    assert tables == {f"{name}/mlp.csv" for name in figures.data.TABLES}


def test_each_trial_is_logged_once_although_the_server_and_the_experiment_are_killed(
    project: Path, finished_project: Path, tmp_path: Path
) -> None:
    forget_stages(project, *TRAINED)
    with server(tmp_path) as start, ExitStack() as first:
        with start() as uri:
            experiment = (*with_server(uri), "dvc", "exp", "run", "--name", "first")
            first.enter_context(started(project, *experiment))
            eventually(lambda: has_losses(uri))
        kept = eventually(lambda: len(trial_checkpoints(project)) >= 2 and trial_checkpoints(project))
        first.close()
        run(project, "git", "checkout", "--quiet", "main")  # a killed experiment leaves a detached HEAD
        with start():
            with started(project, *experiment) as second_run:
                eventually(lambda: len(trial_checkpoints(project)) > len(kept))
                assert kept.items() <= trial_checkpoints(project).items()
                output = second_run.communicate()[0]
            assert executed_stages(output) == {*TRAINED, "track"}
            assert "first" in run(project, "git", "for-each-ref", "refs/exps")
            counts = audit(project, uri)
            assert counts["champion"] > 0.5
            assert counts == TRACKED | {"champion": counts["champion"]}
            output = run(project, *with_server(uri), "dvc", "repro")
            assert executed_stages(output) == {"track"}
            assert "3 unchanged" in output
    assert locked_stages(project) == locked_stages(finished_project)  # the same bytes


def test_the_demo_predicts_new_images(project: Path) -> None:
    image = np.load(project / "data/predictions/images.npy")[0]
    expected = np.load(project / "data/predictions/mlp-tuned-1.npy")[0]
    (project / "models/mlp-tuned/1.keras").unlink()
    with served(project, typed="y\n") as address:  # yes: train the missing model now
        assert requests.get(f"{address}/api/models", timeout=30).json()["classes"] == CLASSES
        body, headers = encoded(Image.fromarray(image)), {"Content-Type": "image/png"}
        response = requests.post(f"{address}/api/predict?models=mlp-tuned", body, headers=headers, timeout=30).json()
    assert response["input"] == image.tolist()
    assert response["answers"][0]["probabilities"] == pytest.approx(expected.tolist(), abs=1e-5)


def test_an_empty_store_is_filled(project: Path) -> None:
    output = run(project, "dvc", "repro")
    assert "3 added" in output
    assert "arning" not in output
    assert audit(project).items() >= TRACKED.items()


def test_an_unreachable_server_is_a_warning(project: Path) -> None:
    output = run(project, "env", "MLFLOW_TRACKING_URI=http://ann:secret@127.0.0.1:9", "dvc", "repro")
    [warning] = [line for line in output.splitlines() if "warning" in line]
    assert "http://127.0.0.1:9 is not up to date" in warning
    assert "the next `dvc repro` adds what is missing" in warning
    assert "secret" not in output


def test_an_invalid_parameter_stops_the_run_at_its_first_stage(project: Path) -> None:
    change(project, {"train.epochs": 0, "prepare.seed": 7})
    output = run(project, "dvc", "repro", ok=False)
    assert "params.yaml: train.epochs = 0: must be greater than or equal to 1" in output
    assert executed_stages(output) == {"check"}
    assert (project / "docs/params.schema.json").exists()


def test_an_edited_figure_is_plotted_again_without_training(project: Path) -> None:
    style = project / "digits/report/figures/style.py"
    style.write_text(style.read_text() + "\n# edited\n")
    assert executed_stages(run(project, "dvc", "repro", "--dry")) == {"plot", "track"}


def test_make_repro_starts_after_dvc_was_killed_while_it_wrote_its_lock(project: Path) -> None:
    lock = project / ".dvc/tmp/rwlock"
    lock.write_text("")
    assert "RWLock" in run(project, "dvc", "repro", "compare", ok=False)
    make = ("make", "--assume-old", ".venv/installed", f"BIN={Path(sys.executable).parent}")
    assert executed_stages(run(project, "env", "DIGITS_TRACKING=off", *make, "repro")) == {"track"}
    assert lock.read_text()
