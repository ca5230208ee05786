"""Fingerprints of everything that determines a result: configuration, images, code and library versions.

A result with the same fingerprint is reused.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from dvc.api import DVCFileSystem
from dvc.repo import Repo
from pydantic import BaseModel

from digits.core.errors import UserError
from digits.core.paths import history_file, model_file, search_file
from digits.data.dataset import Split

ROOT = Path(__file__).parents[2]
# The code that trainings run; dvc.yaml lists the same files.
MODELS = tuple(f"digits/models/{name}.py" for name in ("build", "keras_file", "kernels", "runtime"))
TRAINING = ("digits/core", "digits/data/dataset.py", *MODELS, "digits/training")
SEARCH = (*TRAINING, "digits/evaluation/objective.py", "digits/search")
LIBRARIES = ("keras", "keras-tuner", "numpy", "tensorflow")


def fingerprint(config: Any, versions: dict[str, str], *splits: Split) -> str:
    """Return a hash of a configuration, of the images, and of the versions from `code_versions`."""
    # Do not rename these keys: recorded fingerprints would change.
    content = {"what": config, "images": [split.digest for split in splits], "code": versions}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=as_dict).encode()).hexdigest()[:32]


def code_versions(family: str, paths: tuple[str, ...] = TRAINING) -> dict[str, str]:
    """Return the hash of each module that training runs of this family use, and the version of each library."""
    roots = [ROOT / path for path in (*paths, f"digits/models/families/{family}.py")]
    files = sorted(file for root in roots for file in ([root] if root.suffix else root.rglob("*.py")))
    hashes = {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return hashes | {library: version(library) for library in LIBRARIES}


class StoredModel(NamedTuple):
    model: bytes  # the .keras file
    record: dict[str, Any]


def require_same_code(local: dict[str, str], remote: dict[str, str]) -> None:
    if difference := next((name for name in local if remote.get(name) != local[name]), None):
        raise UserError(
            f"pool.cluster: {difference} is not the same here and on all workers; install the same commit and "
            "requirements.txt on all machines"
        )


def as_dict(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else asdict(value)


def earlier_models(fingerprints: dict[str, str]) -> dict[str, StoredModel]:
    """Return model and record of each name whose stored fingerprint equals the expected one.

    DVC has removed the files from the workspace before it runs the stage, so they are read from its cache.
    """
    if must_retrain():
        return {}
    files, models = DVCFileSystem(), {}
    for name, expected in fingerprints.items():
        with suppress(Exception):  # in neither cache nor remote, which DVC reports in several ways: train it
            record = json.loads(files.read_bytes(str(history_file(name))))
            if record["fingerprint"] == expected:
                models[name] = StoredModel(files.read_bytes(str(model_file(name))), record)
    return models


def earlier_searches(family: str) -> dict[str, dict[str, Any]]:
    """Return the searches of the last result, from DVC's cache, by fingerprint."""
    if must_retrain():
        return {}
    with suppress(Exception):
        searches = json.loads(DVCFileSystem().read_bytes(str(search_file(family))))["searches"]
        return {search["fingerprint"]: search for search in searches}
    return {}


def must_retrain() -> bool:
    """Return True for `dvc repro --force` (no dependency changed) and outside of DVC."""
    stage = os.environ.get("DVC_STAGE")
    if stage is None:
        return True
    return not any(dependency.status() for dependency in Repo().stage.load_one(name=stage).deps)
