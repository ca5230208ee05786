import subprocess
import sys

import pytest

from digits.tracking import ui
from digits.tracking.store import VIEW_TAG, Store, connect, database_file

DIE_DURING_A_WRITE = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA cache_size = 1")
database.execute("CREATE TABLE half (written)")
database.executemany("INSERT INTO half VALUES (?)", [("x" * 1000,)] * 1000)
os._exit(9)
"""


@pytest.fixture
def mlflow_folder(project, monkeypatch):
    """The folder of MLflow's database, which does not exist yet."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("DVC_ROOT", str(project))
    return project / ".mlflow"


def test_a_file_in_place_of_the_store_is_an_error_in_one_line(mlflow_folder):
    mlflow_folder.touch()
    with pytest.raises(SystemExit, match=r"^ui: error: .* File exists: '.*\.mlflow'$"):
        ui.main()


@pytest.mark.parametrize(
    ("method", "reason"), [("write_text", "file is not a database"), ("mkdir", "unable to open database file")]
)
def test_an_invalid_database_is_an_error_in_one_line(mlflow_folder, method, reason):
    mlflow_folder.mkdir()
    getattr(mlflow_folder / "mlflow.db", method)(*["no database"] * (method == "write_text"))
    with pytest.raises(SystemExit, match=rf"^ui: error: .*mlflow\.db cannot be read \({reason}\); .*`dvc repro`.*$"):
        ui.main()


def test_a_database_is_repaired_after_a_crash(store: Store) -> None:
    subprocess.run([sys.executable, "-c", DIE_DURING_A_WRITE, database_file()], check=False)
    journal = database_file().with_name("mlflow.db-journal")
    assert journal.exists()
    assert connect().mlflow_experiment == store.mlflow_experiment
    assert not journal.exists()


def test_the_view_of_an_earlier_version_is_updated(store: Store) -> None:
    tag, view = VIEW_TAG
    store.client.set_experiment_tag(store.mlflow_experiment, tag, view.replace("held_out_corruptions", "unseen"))
    connect()
    assert store.client.get_experiment(store.mlflow_experiment).tags[tag] == view
