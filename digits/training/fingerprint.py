"""One name for everything that determines a result, by which one that is there already is found.

That is configuration, images, code and versions.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dvc.api import DVCFileSystem
from dvc.repo import Repo
from pydantic import BaseModel

from digits.core.errors import UserError
from digits.core.paths import history_file, model_file, search_file
from digits.data.dataset import Split

ROOT = Path(__file__).parents[2]
# The code that trainings run: dvc.yaml names the same.
MODELS = tuple(f"digits/models/{name}.py" for name in ("build", "keras_file", "kernels", "runtime"))
TRAINING = ("digits/core", "digits/data/dataset.py", *MODELS, "digits/training")
SEARCH = (*TRAINING, "digits/evaluation/objective.py", "digits/search")
LIBRARIES = ("keras", "keras-tuner", "numpy", "tensorflow")


def fingerprint(what: Any, code: dict[str, str], *splits: Split) -> str:
    everything = {"what": what, "images": [split.digest for split in splits], "code": code}
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=as_dict).encode()).hexdigest()[:32]


def versions(family: str, places: tuple[str, ...] = TRAINING) -> dict[str, str]:
    """Of each module that a training of this family runs, and of each library."""
    found = [ROOT / place for place in (*places, f"digits/models/families/{family}.py")]
    files = sorted(file for place in found for file in ([place] if place.suffix else place.rglob("*.py")))
    own = {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return own | {library: version(library) for library in LIBRARIES}


def refuse_others(mine: dict[str, str], theirs: dict[str, str]) -> None:
    if other := next((name for name in mine if theirs.get(name) != mine[name]), None):
        raise UserError(f"pool.cluster: {other} is not the same here and on all workers; install one commit everywhere")


def as_dict(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else asdict(value)


def earlier_models(fingerprints: dict[str, str]) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """By name, those of the same recipe, images and code. DVC has removed their files, and has them in its cache."""
    if forced():
        return {}
    files, found = DVCFileSystem(), {}
    for name, wanted in fingerprints.items():
        with suppress(Exception):  # it is in neither cache nor remote, whatever DVC says of that: so it is trained
            record = json.loads(files.read_bytes(str(history_file(name))))
            if record["fingerprint"] == wanted:
                found[name] = files.read_bytes(str(model_file(name))), record
    return found


def earlier_searches(family: str) -> dict[str, dict[str, Any]]:
    """By fingerprint; as with models."""
    if forced():
        return {}
    with suppress(Exception):
        searches = json.loads(DVCFileSystem().read_bytes(str(search_file(family))))["searches"]
        return {search["fingerprint"]: search for search in searches}
    return {}


def forced() -> bool:
    """Whether DVC runs this stage though what it depends on is as at its last end: then all is to be made anew."""
    stage = os.environ.get("DVC_STAGE")
    if stage is None:
        return True
    return not any(dependency.status() for dependency in Repo().stage.load_one(name=stage).deps)
