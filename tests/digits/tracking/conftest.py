"""A store of its own for each test of tracking."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from digits.core.files import write_json
from digits.tracking.provenance import Provenance
from digits.tracking.store import Store, connect, sqlite
from tests.conftest import Once

CLASSES = ["dark", "bright"]
SPLIT = {"images": 8, "per_class": {"0": 4, "1": 4}, "sha256": "0" * 64}
DATA = {"shape": [4, 4, 1], "classes": ["0", "1"], "splits": dict.fromkeys(("train", "validation", "test"), SPLIT)}


@pytest.fixture(scope="session")
def database(once: Once) -> Path:
    """MLflow's, with nothing in it: it takes two seconds to make."""
    return once("mlflow", lambda folder: mlflow.MlflowClient(sqlite(folder / "mlflow.db")).search_experiments())


@pytest.fixture
def store(project: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    shutil.copytree(database, project / ".mlflow")
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_json("reports/data.json", DATA)
    write_json("data/prepared/classes.json", CLASSES)
    yield connect()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it
    mlflow.set_tracking_uri(None)


@pytest.fixture
def provenance(store: Store) -> Provenance:
    return Provenance.here()
