"""One name for everything that determines a result: recipe, seed, images, code and versions."""

import hashlib
import json
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from digits.data.dataset import Split, digest

ROOT = Path(__file__).parent.parent
LIBRARIES = ("keras", "keras-tuner", "numpy", "tensorflow")


def fingerprint(what: Any, *splits: Split, more_code: dict[str, str] | None = None) -> str:
    everything = {
        "what": what,
        "images": [digest(split) for split in splits],
        "code": code() | (more_code or {}),
        "versions": {library: version(library) for library in LIBRARIES},
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=plain).encode()).hexdigest()[:32]


def code() -> dict[str, str]:
    """The project's own modules that this process has loaded."""
    files = {Path(file).resolve() for module in sys.modules.values() if (file := getattr(module, "__file__", None))}
    own = {
        str(file.relative_to(ROOT)): file
        for file in files
        if file.is_relative_to(ROOT) and "site-packages" not in file.parts
    }
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in own.items()}


def plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else asdict(value)
