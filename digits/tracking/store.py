"""Connect to MLflow: the server in MLFLOW_TRACKING_URI, or else a database under the repository's root."""

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
    # Wait seconds for a server that does not answer, not ten minutes, as MLflow does by default.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",  # scoring a champion starts TensorFlow
}
EXPERIMENT_NAME = "digits"
DESCRIPTION = "Baseline against tuned: a run for each trained model, and for each search with its trials as child runs."
# A view in MLflow's pages, which `make ui` links: the models with the metrics that compare them, the best first.
VIEW = "comparison"
VIEW_COLUMNS = {
    "metrics": ("test_accuracy", "test_loss", "held_out_corruptions_accuracy", "validation_accuracy", "parameters"),
    "tags": ("dvc.experiment",),
    "attributes": ("Models",),
}
VIEW_STATE = {
    "searchFilter": "tags.kind = 'model'",
    "orderByKey": "metrics.`test_accuracy`",
    "orderByAsc": False,
    "selectedColumns": [f"{kind}.`{name}`" for kind, names in VIEW_COLUMNS.items() for name in names],
}
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}", json.dumps(VIEW_STATE)
EXPERIMENT_TAGS = dict([("mlflow.note.content", DESCRIPTION), VIEW_TAG])


@dataclass(frozen=True)
class Store:
    client: "MlflowClient"
    mlflow_experiment: str  # its id
    uri: str


def is_disabled() -> bool:
    return os.environ.get("DIGITS_TRACKING", "").lower() == "off"


def configure() -> None:
    """Set defaults for MLflow, which reads them when it is imported. Variables that are already set stay."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def repository_root() -> Path:
    """Return the repository's root. The current folder may be an experiment's temporary copy."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def mlflow_folder() -> Path:
    return repository_root() / ".mlflow"


def database_file() -> Path:
    return mlflow_folder() / "mlflow.db"


def sqlite_uri(path: Path) -> str:
    return f"sqlite:///{path}"


def without_password(uri: str) -> str:
    return re.sub("//[^/@]*@", "//", uri)


def location() -> str:
    """Return where the runs are, to be shown in messages."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return str(mlflow_folder()) if uri in ("", sqlite_uri(database_file())) else without_password(uri)


def connect() -> Store:
    configure()
    import mlflow

    uri = os.environ.get("MLFLOW_TRACKING_URI") or local_database()
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient(uri)
    return Store(client, find_or_create_experiment(client, uri), uri)


def local_database() -> str:
    """Create the database under a lock: concurrent processes would leave it unusable."""
    from mlflow import MlflowClient

    mlflow_folder().mkdir(exist_ok=True)
    with FileLock(mlflow_folder() / "lock"):
        if database_file().exists():
            check_readable(database_file())
        else:
            with atomic_write(database_file()) as new:
                find_or_create_experiment(MlflowClient(sqlite_uri(new)), sqlite_uri(new))
    return sqlite_uri(database_file())


def check_readable(path: Path) -> None:
    """Raise a UserError for a damaged database, because MLflow would retry for minutes.

    It is opened for writing, which lets SQLite roll back what a killed program left unfinished.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("SELECT name FROM sqlite_master")
    except sqlite3.Error as error:
        raise UserError(
            f"{path} cannot be read ({error}); if no other program is using it, move {path.parent} away and run "
            "`dvc repro` to create it again"
        ) from None


def find_or_create_experiment(client: "MlflowClient", uri: str) -> str:
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT_NAME
    # A server has its own location for artifacts. With a database, MLflow's default is the current folder.
    artifact_location = None if uri.startswith("http") else (mlflow_folder() / "artifacts").as_uri()
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return client.create_experiment(name, artifact_location=artifact_location, tags=EXPERIMENT_TAGS)
        except MlflowException:  # another process has created it since
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    folder = mlflow_folder()
    if uri == sqlite_uri(database_file()) and not experiment.artifact_location.startswith(folder.as_uri()):
        raise UserError(
            f"{folder} was created in another folder ({experiment.artifact_location}), where its artifacts are; remove "
            "it and run `dvc repro` to create it again"
        )
    tag, view = VIEW_TAG
    if experiment.tags.get(tag) != view:  # an earlier version's columns
        client.set_experiment_tag(experiment.experiment_id, tag, view)
    return experiment.experiment_id
