"""What differs between two sides in what git holds: parameters, metrics, code and cost."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from digits.common.paths import REPORTS
from digits.review.revisions import Revision, git, read

CODE = ("digits", "stages", "dvc.yaml", "requirements.txt")
STATUS = {"A": "new", "D": "removed", "M": "changed", "T": "changed"}
Change = tuple[str, Any, Any]  # a dotted name, the old value, the new one; None where there is none
COSTS = ("parameters", "multiply_adds", "training_tflop")


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    before, after = dict(flat(old)), dict(flat(new))
    pairs = ((name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after]))
    return [(name, was, now) for name, was, now in pairs if was != now]


def params(side: Revision) -> dict[str, Any]:
    return YAML(typ="safe").load(read(side, "params.yaml") or b"") or {}


def metrics(side: Revision) -> dict[str, Any]:
    return json.loads(read(side, f"{REPORTS}/metrics.json") or b"{}")


def test_images(side: Revision) -> str | None:
    """Their digest."""
    data = json.loads(read(side, f"{REPORTS}/data.json") or b"{}")
    return data.get("splits", {}).get("test", {}).get("sha256")


def costs(side: Revision) -> dict[str, dict[str, float]]:
    """By model; an earlier revision may not know all of them."""
    rows = csv.DictReader(io.StringIO((read(side, f"{REPORTS}/comparison.csv") or b"").decode()))
    return {f"{r['family']} {r['variant']}": {name: json.loads(r[name]) for name in COSTS if r.get(name)} for r in rows}


def code(old: Revision, new: Revision) -> list[str]:
    revisions = [str(side.commit) for side in (old, new) if side.commit]
    lines = git("diff", "--no-renames", "--name-status", *revisions, "--", *CODE).splitlines()
    if new.commit is None:
        lines += [f"A\t{path}" for path in git("ls-files", "--others", "--exclude-standard", *CODE).splitlines()]
    return [f"`{path}` ({STATUS.get(kind, kind)})" for kind, path in (line.split("\t", 1) for line in lines)]


def behind(old: Revision, new: Revision) -> int:
    """Commits of the old side that the new one does not build on: what they did shows as undone."""
    return int(git("rev-list", "--count", f"{new.commit or 'HEAD'}..{old.commit}"))
