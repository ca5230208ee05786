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


def test_a_folder_that_cannot_hold_runs_is_an_error_in_one_line(project, monkeypatch):
    (project / ".mlflow").touch()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(project))
    with pytest.raises(SystemExit, match=r"^ui: error: .* File exists: '.*\.mlflow'$"):
        ui.main()


@pytest.mark.parametrize(
    ("make", "why"), [("write_text", "file is not a database"), ("mkdir", "unable to open database file")]
)
def test_a_database_that_is_none_is_an_error_in_one_line(project, monkeypatch, make, why):
    home = project / ".mlflow"
    home.mkdir()
    getattr(home / "mlflow.db", make)(*["no database"] * (make == "write_text"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(project))
    with pytest.raises(SystemExit) as ended:
        ui.main()
    assert str(ended.value) == (
        f"ui: error: {home}/mlflow.db cannot be read ({why}); if no other program is using it, move {home} away, and "
        "`dvc repro` makes it anew"
    )


def test_a_database_in_which_a_program_died_is_mended(store: Store) -> None:
    subprocess.run([sys.executable, "-c", DIES_WHILE_IT_WRITES, database()], check=False)
    journal = database().with_name("mlflow.db-journal")
    assert journal.exists()
    assert connect().experiment == store.experiment
    assert not journal.exists()
