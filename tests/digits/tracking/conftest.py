"""A store of its own for the tests of tracking."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from digits.tracking.provenance import Provenance
from digits.tracking.store import Store, connect
from tests.digits.tracking.test_live import DATA

CLASSES = ["dark", "bright"]


@pytest.fixture
def store(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (project / "reports").mkdir()
    (project / "reports/data.json").write_text(json.dumps(DATA))
    (project / "data/prepared").mkdir(parents=True)
    (project / "data/prepared/classes.json").write_text(json.dumps(CLASSES))
    yield connect()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it
    mlflow.set_tracking_uri(None)


@pytest.fixture
def provenance(store: Store) -> Provenance:
    return Provenance.here()
