"""Where and of what a result was made: commit, experiment, parameters, images. Read once, when a run begins."""

import hashlib
import json
import os
import socket
import subprocess
from dataclasses import dataclass
from typing import Any

from digits.common.files import read_json
from digits.common.paths import REPORTS
from digits.params.load import read
from digits.tracking.store import root

# What the pipeline itself writes into git says nothing about where a result came from.
PRODUCED = ("dvc.lock", "reports", "README.md", "docs/params.schema.json")


@dataclass(frozen=True)
class Provenance:
    parameters: dict[str, Any]
    data: dict[str, Any]  # reports/data.json
    commit: str
    dirty: bool
    experiment: str  # "" outside of `dvc exp run`
    baseline: str
    workspace: str
    user: str

    @classmethod
    def here(cls) -> "Provenance":
        return cls(
            parameters=read(),
            data=read_json(REPORTS / "data.json"),
            commit=os.environ.get("DVC_EXP_BASELINE_REV") or git("rev-parse", "HEAD"),
            dirty=git("status", "--porcelain", "--", ".", *(f":!{path}" for path in PRODUCED)) != "",
            experiment=os.environ.get("DVC_EXP_NAME", ""),
            baseline=os.environ.get("DVC_EXP_BASELINE_REV", ""),
            workspace=f"{socket.gethostname()}:{root()}",
            user=os.environ.get("USER") or str(os.getuid()),
        )

    @property
    def digest(self) -> str:
        """Of all splits, the test images among them."""
        parts = [self.data["splits"][part]["sha256"] for part in sorted(self.data["splits"])]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:32]

    def chosen(self, *sections: str) -> dict[str, str]:
        """Parameters, flattened as `dvc params` writes them: train.epochs."""
        flat: dict[str, str] = {}
        for section in sections:
            value: Any = self.parameters
            for step in section.split("."):
                value = value[step]
            flat |= flattened(value, section)
        return flat


def git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or no repository
        return ""


def flattened(value: Any, key: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: text for step, each in value.items() for name, text in flattened(each, f"{key}.{step}").items()}
    return {key: value if isinstance(value, str) else json.dumps(value)}
