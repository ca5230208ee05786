"""What is still right of a stage's last result when seeds are added or taken away."""

import json
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from digits.common.paths import history_file, model_file, search_file


def earlier_models(seeds: tuple[int, ...], fingerprints: dict[str, str]) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """By name, those made by the same recipe, images and code; DVC has removed their files and has them in its cache.

    None where the seeds are the same as last time: then the stage runs by force, and all are trained anew.
    """
    if not others_before(seeds, "seeds"):
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


def earlier_searches(seeds: tuple[int, ...], family: str) -> dict[str, dict[str, Any]]:
    """By fingerprint; as with models."""
    if not others_before(seeds, "tune.seeds"):
        return {}
    from dvc.api import DVCFileSystem

    try:
        searches = json.loads(DVCFileSystem().read_bytes(str(search_file(family))))["searches"]
        return {search["fingerprint"]: search for search in searches}
    except (OSError, ValueError, KeyError):
        return {}


def others_before(seeds: tuple[int, ...], parameter: str) -> bool:
    """Whether the stage has ended last with other seeds, by dvc.lock."""
    lock, stage = Path("dvc.lock"), os.environ.get("DVC_STAGE")
    if stage is None or not lock.exists():
        return False
    stages = YAML(typ="safe").load(lock).get("stages", {})
    before = stages.get(stage, {}).get("params", {}).get("params.yaml", {}).get(parameter, [])
    return bool(before) and set(before) != set(seeds)
