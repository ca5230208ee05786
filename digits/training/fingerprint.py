"""One name for everything that determines a result: configuration, images, code and versions."""

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from digits.common.errors import UserError
from digits.data.dataset import Split

ROOT = Path(__file__).parents[2]
# The code that trainings run: dvc.yaml names the same.
TRAINING = ("digits/common", "digits/data/dataset.py", "digits/models", "digits/training")
SEARCH = (*TRAINING, "digits/evaluation/objective.py", "digits/search")
LIBRARIES = ("keras", "keras-tuner", "numpy", "tensorflow")


def fingerprint(what: Any, code: dict[str, str], *splits: Split) -> str:
    everything = {"what": what, "images": [split.digest for split in splits], "code": code}
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=as_dict).encode()).hexdigest()[:32]


def versions(family: str, places: tuple[str, ...] = TRAINING) -> dict[str, str]:
    """Of each module that a training of this family runs, and of each library."""
    found = [ROOT / place for place in (*places, f"digits/families/{family}.py")]
    files = sorted(file for place in found for file in ([place] if place.suffix else place.rglob("*.py")))
    own = {str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return own | {library: version(library) for library in LIBRARIES}


def refuse_others(mine: dict[str, str], theirs: dict[str, str]) -> None:
    if other := next((name for name in mine if theirs.get(name) != mine[name]), None):
        raise UserError(f"pool.cluster: {other} is not the same here and on all workers; install one commit everywhere")


def as_dict(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else asdict(value)
