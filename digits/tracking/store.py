"""Where runs are kept: on the server that MLFLOW_TRACKING_URI names, else in a database under the repository's root."""

import fcntl
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from digits.common.errors import UserError
from digits.common.files import replacing

EXPERIMENT = "digits"
NOTE = "Baseline against tuned: a run for each trained model, and for each search with its trials below it."
# Models with what compares them, the best first: MLflow's pages show it to whoever comes with its name.
VIEW = "comparison"
SEEN = {
    "searchFilter": "tags.kind = 'model'",
    "orderByKey": "metrics.`test_accuracy`",
    "orderByAsc": False,
    "selectedColumns": [
        *("metrics.`test_accuracy`", "metrics.`test_loss`", "metrics.`validation_accuracy`", "metrics.`parameters`"),
        *("tags.`dvc.experiment`", "attributes.`Models`"),
    ],
}
TAGS = {"mlflow.note.content": NOTE, f"mlflow.sharedViewState.{VIEW}": json.dumps(SEEN)}


@dataclass(frozen=True)
class Store:
    client: MlflowClient
    experiment: str
    uri: str


def root() -> Path:
    """Not the current folder: an experiment runs in a copy that is thrown away."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def home() -> Path:
    return root() / ".mlflow"


def where() -> str:
    """For people: without the password that an address may hold."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    return str(home()) if uri in ("", sqlite(database())) else re.sub("//[^/@]*@", "//", uri)


def database() -> Path:
    return home() / "mlflow.db"


def connect() -> Store:
    uri = os.environ.get("MLFLOW_TRACKING_URI") or local()
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri)
    return Store(client, experiment(client, uri), uri)


def local() -> str:
    """Made once and whole: processes that find a half-made database, or make it together, leave it unusable."""
    home().mkdir(exist_ok=True)
    with (home() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database().exists():
            with replacing(database()) as new:
                experiment(MlflowClient(sqlite(new)), sqlite(new))
    return sqlite(database())


def sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def experiment(client: MlflowClient, uri: str) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    # A server knows its place for artifacts; a database would take the current folder of whoever comes first.
    place = None if uri.startswith("http") else (home() / "artifacts").as_uri()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=place, tags=TAGS)
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
