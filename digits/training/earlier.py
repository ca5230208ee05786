"""Models of the stage's last result that are still right when seeds are added or taken away."""

import json
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from digits.common.paths import history_file, model_file


def earlier_models(seeds: tuple[int, ...], fingerprints: dict[str, str]) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """By name, those made by the same recipe, images and code; DVC has removed their files and has them in its cache.

    None where the seeds are the same as last time: then the stage runs by force, and all are trained anew.
    """
    before = last_seeds()
    if not before or set(before) == set(seeds):
        return {}
    from dvc.api import DVCFileSystem  # takes a second

    files, found = DVCFileSystem(), {}
    for name, fingerprint in fingerprints.items():
        try:
            record = json.loads(files.read_bytes(str(history_file(name))))
            if record["fingerprint"] == fingerprint:
                found[name] = files.read_bytes(str(model_file(name))), record
        except (OSError, ValueError):  # another seed's, or gone from the cache: it is trained
            continue
    return found


def last_seeds() -> list[int]:
    """With which this stage has ended last, by dvc.lock."""
    lock, stage = Path("dvc.lock"), os.environ.get("DVC_STAGE")
    if stage is None or not lock.exists():
        return []
    stages = YAML(typ="safe").load(lock).get("stages", {})
    return stages.get(stage, {}).get("params", {}).get("params.yaml", {}).get("seeds", [])
