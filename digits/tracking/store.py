"""Where runs are kept: on the server that MLFLOW_TRACKING_URI names, else in a database under the repository's root."""

import json
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from digits.core.errors import UserError
from digits.core.files import atomic_write

if TYPE_CHECKING:
    from mlflow import MlflowClient

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    # A server that does not answer costs seconds, not MLflow's own ten minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow starts where a champion is scored
}
EXPERIMENT = "digits"
NOTE = "Baseline against tuned: a run for each trained model, and for each search with its trials below it."
# The models, the best first, with what compares them: MLflow's pages show this view to whoever comes with its name.
VIEW = "comparison"
COLUMNS = {
    "metrics": ("test_accuracy", "test_loss", "held_out_corruptions_accuracy", "validation_accuracy", "parameters"),
    "tags": ("dvc.experiment",),
    "attributes": ("Models",),
}
VIEW_STATE = {
    "searchFilter": "tags.kind = 'model'",
    "orderByKey": "metrics.`test_accuracy`",
    "orderByAsc": False,
    "selectedColumns": [f"{kind}.`{name}`" for kind, names in COLUMNS.items() for name in names],
}
TAGS = {"mlflow.note.content": NOTE, f"mlflow.sharedViewState.{VIEW}": json.dumps(VIEW_STATE)}


@dataclass(frozen=True)
class Store:
    client: "MlflowClient"
    experiment: str
    uri: str


def disabled() -> bool:
    return os.environ.get("DIGITS_TRACKING", "").lower() == "off"


def configure() -> None:
    """Before MLflow is imported, which reads its settings then. A user's own stay."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def root() -> Path:
    """Not the current folder: an experiment runs in a copy that is thrown away."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def home() -> Path:
    return root() / ".mlflow"


def database() -> Path:
    return home() / "mlflow.db"


def sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def without_password(uri: str) -> str:
    return re.sub("//[^/@]*@", "//", uri)


def location() -> str:
    """For people."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return str(home()) if uri in ("", sqlite(database())) else without_password(uri)


def connect() -> Store:
    configure()
    import mlflow

    uri = os.environ.get("MLFLOW_TRACKING_URI") or local_database()
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient(uri)
    return Store(client, experiment(client, uri), uri)


def local_database() -> str:
    """Made once and whole: processes that find a half-made database, or make it together, leave it unusable."""
    from mlflow import MlflowClient

    home().mkdir(exist_ok=True)
    with FileLock(home() / "lock"):
        if database().exists():
            refuse_unreadable(database())
        else:
            with atomic_write(database()) as new:
                experiment(MlflowClient(sqlite(new)), sqlite(new))
    return sqlite(database())


def refuse_unreadable(path: Path) -> None:
    """MLflow would try for minutes. Opened for writing, too: SQLite then mends what a killed program left."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as opened:
            opened.execute("SELECT name FROM sqlite_master")
    except sqlite3.Error as error:
        raise UserError(
            f"{path} cannot be read ({error}); if no other program is using it, move {path.parent} away, and "
            "`dvc repro` makes it anew"
        ) from None


def experiment(client: "MlflowClient", uri: str) -> str:
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    # A server knows its place for artifacts; a database would take the current folder of whoever comes first.
    artifacts = None if uri.startswith("http") else (home() / "artifacts").as_uri()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=artifacts, tags=TAGS)
        except MlflowException:  # somebody else was faster
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    if uri == sqlite(database()) and not found.artifact_location.startswith(home().as_uri()):
        raise UserError(
            f"{home()} was made in another folder ({found.artifact_location}), where it looks for its files; "
            "remove it, and `dvc repro` makes it anew"
        )
    return found.experiment_id
