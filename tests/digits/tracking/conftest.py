"""A new MLflow store for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from digits.core.files import write_json
from digits.tracking.provenance import Provenance
from digits.tracking.store import Store, connect, sqlite_uri
from tests.conftest import Once

CLASSES = ["dark", "bright"]
SPLIT = {"images": 8, "per_class": {"0": 4, "1": 4}, "sha256": "0" * 64}
DATA = {"shape": [4, 4, 1], "classes": ["0", "1"], "splits": dict.fromkeys(("train", "validation", "test"), SPLIT)}

MODEL = {"family": "mlp", "variant": "baseline", "seed": 1, "fingerprint": "f" * 32, "hyperparameters": {"units": 8}}
SEARCH = {"family": "mlp", "seed": 1, "fingerprint": "e" * 32}
TRIAL = {"trial": 0, "hyperparameters": {"units": 8}}


@pytest.fixture(scope="session")
def database(once: Once) -> Path:
    """An empty database of MLflow, created once because it takes two seconds."""
    return once("mlflow", lambda folder: mlflow.MlflowClient(sqlite_uri(folder / "mlflow.db")).search_experiments())


@pytest.fixture
def store(project: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    shutil.copytree(database, project / ".mlflow")
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")  # MLflow sets it; monkeypatch restores it
    write_json("reports/data.json", DATA)
    write_json("data/prepared/classes.json", CLASSES)
    yield connect()
    mlflow.set_tracking_uri(None)


@pytest.fixture
def provenance(store: Store) -> Provenance:
    return Provenance.collect()
