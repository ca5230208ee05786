"""What is still right of a stage's last result when something has changed that does not touch all of it."""

import hashlib
import json
import os
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from digits.common.paths import history_file, model_file, search_file


def earlier_models(fingerprints: dict[str, str]) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """By name, those of the same recipe, images and code. DVC has removed their files, and has them in its cache."""
    if forced():
        return {}
    from dvc.api import DVCFileSystem  # takes a second

    files, found = DVCFileSystem(), {}
    for name, fingerprint in fingerprints.items():
        with suppress(Exception):  # it is in neither cache nor remote, whatever DVC says of that: so it is trained
            record = json.loads(files.read_bytes(str(history_file(name))))
            if record["fingerprint"] == fingerprint:
                found[name] = files.read_bytes(str(model_file(name))), record
    return found


def earlier_searches(family: str) -> dict[str, dict[str, Any]]:
    """By fingerprint; as with models."""
    if forced():
        return {}
    from dvc.api import DVCFileSystem

    with suppress(Exception):
        searches = json.loads(DVCFileSystem().read_bytes(str(search_file(family))))["searches"]
        return {search["fingerprint"]: search for search in searches}
    return {}


def forced() -> bool:
    """Whether parameters and files are those of the stage's last end, by dvc.lock: then all is to be made anew.

    Other code in a folder is not looked for, since it changes each fingerprint.
    """
    stage, lock = os.environ.get("DVC_STAGE"), Path("dvc.lock")
    if stage is None or not lock.exists():
        return True
    yaml = YAML(typ="safe")
    last = yaml.load(lock).get("stages", {}).get(stage, {})
    parameters = yaml.load(Path("params.yaml"))
    return all(
        (
            *(
                valued(parameters, name) == value
                for name, value in last.get("params", {}).get("params.yaml", {}).items()
            ),
            *(unchanged(Path(each["path"]), each["md5"]) for each in last.get("deps", [])),
        )
    )


def valued(parameters: dict[str, Any], name: str) -> Any:
    """By its dotted name; None where there is no such parameter."""
    return reduce(lambda section, key: (section or {}).get(key), name.split("."), parameters)


def unchanged(path: Path, md5: str) -> bool:
    return path.is_dir() or (
        path.is_file() and hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5
    )
