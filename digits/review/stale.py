"""Results that were made by other code or parameters than lie beside them: dvc.lock against what it was made from."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from digits.review.changes import params
from digits.review.revisions import Revision, files, read, stages

Stage = Mapping[str, Any]


def stale(side: Revision) -> list[str]:
    """Of the stages that decide what the models answer."""
    recorded = (YAML(typ="safe").load(read(side, "dvc.lock") or b"") or {}).get("stages", {})
    values, present = params(side), stages(side)
    deciding = {name: stage for name, stage in recorded.items() if name in present and decides(stage)}
    return [name for name, stage in deciding.items() if other_code(side, stage) or other_parameters(values, stage)]


def decides(stage: Stage) -> bool:
    return any(out["path"].startswith(("data/", "models/")) for out in stage.get("outs", ()))


def other_code(side: Revision, stage: Stage) -> bool:
    code = {dep["path"]: dep["md5"] for dep in stage.get("deps", ()) if dep["path"].startswith(("digits/", "stages/"))}
    return any(digest(side, path) != recorded for path, recorded in code.items())


@cache
def digest(side: Revision, path: str) -> str:
    """As in dvc.lock: a folder's is that of the list of its files."""
    if path.endswith(".py"):
        return md5(read(side, path) or b"")
    held = [{"md5": digest(side, file), "relpath": file.removeprefix(f"{path}/")} for file in files(side, path)]
    return md5(json.dumps(held).encode()) + ".dir"


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def other_parameters(values: Mapping[str, Any], stage: Stage) -> bool:
    recorded = stage.get("params", {}).get("params.yaml", {})
    return any(held(values, key) != value for key, value in recorded.items())


def held(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree
