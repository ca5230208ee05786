import subprocess
import sys

import pytest

from digits.tracking import ui
from digits.tracking.store import Store, connect, database

DIES_WHILE_IT_WRITES = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA cache_size = 1")
database.execute("CREATE TABLE half (written)")
database.executemany("INSERT INTO half VALUES (?)", [("x" * 1000,)] * 1000)
os._exit(9)
"""


@pytest.fixture
def home(project, monkeypatch):
    """Where MLflow's database belongs."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("DVC_ROOT", str(project))
    return project / ".mlflow"


def test_a_folder_that_cannot_hold_runs_is_an_error_in_one_line(home):
    home.touch()
    with pytest.raises(SystemExit, match=r"^ui: error: .* File exists: '.*\.mlflow'$"):
        ui.main()


@pytest.mark.parametrize(
    ("make", "why"), [("write_text", "file is not a database"), ("mkdir", "unable to open database file")]
)
def test_a_database_that_is_none_is_an_error_in_one_line(home, make, why):
    home.mkdir()
    getattr(home / "mlflow.db", make)(*["no database"] * (make == "write_text"))
    with pytest.raises(SystemExit, match=rf"^ui: error: .*mlflow\.db cannot be read \({why}\); .*`dvc repro`.*$"):
        ui.main()


def test_a_database_in_which_a_program_died_is_mended(store: Store) -> None:
    subprocess.run([sys.executable, "-c", DIES_WHILE_IT_WRITES, database()], check=False)
    journal = database().with_name("mlflow.db-journal")
    assert journal.exists()
    assert connect().experiment == store.experiment
    assert not journal.exists()
