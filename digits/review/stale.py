"""Results that were made by other code or parameters than lie beside them: dvc.lock against what it was made from."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from ruamel.yaml import YAML

from digits.review.changes import params
from digits.review.sides import Side, read, stages

Stage = Mapping[str, Any]


def stale(side: Side) -> list[str]:
    """Of the stages that decide what the models answer."""
    recorded = (YAML(typ="safe").load(read(side, "dvc.lock") or b"") or {}).get("stages", {})
    values, present = params(side), stages(side)
    deciding = {name: stage for name, stage in recorded.items() if name in present and decides(stage)}
    return [name for name, stage in deciding.items() if other_code(side, stage) or other_parameters(values, stage)]


def decides(stage: Stage) -> bool:
    return any(out["path"].startswith(("data/", "models/")) for out in stage.get("outs", ()))


def other_code(side: Side, stage: Stage) -> bool:
    files = {dep["path"]: dep["md5"] for dep in stage.get("deps", ()) if dep["path"].endswith(".py")}
    return any(digest(side, path) != recorded for path, recorded in files.items())


@cache
def digest(side: Side, path: str) -> str:
    return hashlib.md5(read(side, path) or b"", usedforsecurity=False).hexdigest()


def other_parameters(values: Mapping[str, Any], stage: Stage) -> bool:
    recorded = stage.get("params", {}).get("params.yaml", {})
    return any(held(values, key) != value for key, value in recorded.items())


def held(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree
