"""A store of its own for each test of tracking."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from digits.tracking.provenance import Provenance
from digits.tracking.store import Store, connect, sqlite
from tests.conftest import Once
from tests.digits.tracking.test_live import DATA

CLASSES = ["dark", "bright"]


@pytest.fixture(scope="session")
def database(once: Once) -> Path:
    """MLflow's, with nothing in it: it takes two seconds to make."""
    return once("mlflow", lambda folder: mlflow.MlflowClient(sqlite(folder / "mlflow.db")).search_experiments())


@pytest.fixture
def place(project: Path, database: Path) -> Path:
    (project / "reports").mkdir()
    (project / "reports/data.json").write_text(json.dumps(DATA))
    shutil.copytree(database, project / ".mlflow")
    return project


@pytest.fixture
def store(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("DVC_ROOT", str(place))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (place / "data/prepared").mkdir(parents=True)
    (place / "data/prepared/classes.json").write_text(json.dumps(CLASSES))
    yield connect()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it
    mlflow.set_tracking_uri(None)


@pytest.fixture
def provenance(store: Store) -> Provenance:
    return Provenance.here()
