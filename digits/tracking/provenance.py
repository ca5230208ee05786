"""What a run says of itself: where and of what its result was made, and for what model, search or trial."""

import hashlib
import json
import os
import socket
from dataclasses import dataclass
from typing import Any

from digits.config.load import read_params
from digits.core.errors import UserError
from digits.core.files import read_json
from digits.core.git import git
from digits.core.paths import REPORTS
from digits.tracking.store import root

# What the pipeline itself writes into git says nothing about where a result came from.
PRODUCED = ("dvc.lock", "reports", "README.md", "docs/params.schema.json")
SHARED = ("data", "prepare", "runtime", "pool.threads_per_worker")


@dataclass(frozen=True)
class Provenance:
    """Read once, when a run begins."""

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
            parameters=read_params(),
            data=read_json(REPORTS / "data.json"),
            commit=os.environ.get("DVC_EXP_BASELINE_REV") or said_by_git("rev-parse", "HEAD"),
            dirty=said_by_git("status", "--porcelain", "--", ".", *(f":!{path}" for path in PRODUCED)) != "",
            experiment=os.environ.get("DVC_EXP_NAME", ""),
            baseline=os.environ.get("DVC_EXP_BASELINE_REV", ""),
            workspace=f"{socket.gethostname()}:{root()}",
            user=os.environ.get("USER") or str(os.getuid()),
        )

    @property
    def data_digest(self) -> str:
        """Of all splits, the test images among them."""
        parts = [split["sha256"] for _, split in sorted(self.data["splits"].items())]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:32]

    def selected(self, *sections: str) -> dict[str, str]:
        """Parameters, flattened as `dvc params` writes them: train.epochs."""
        flat: dict[str, str] = {}
        for section in sections:
            value: Any = self.parameters
            for key in section.split("."):
                value = value[key]
            flat |= flattened(value, section)
        return flat


def said_by_git(*arguments: str) -> str:
    try:
        return git(*arguments)
    except UserError:  # no git, or no repository
        return ""


def flattened(value: Any, key: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: text for step, each in value.items() for name, text in flattened(each, f"{key}.{step}").items()}
    return {key: value if isinstance(value, str) else json.dumps(value)}


@dataclass(frozen=True)
class RunInfo:
    """Known from a run's first moment on."""

    name: str
    kind: str
    fingerprint: str
    stage: str
    description: str
    parameters: dict[str, str]
    tags: dict[str, str]


def run_info(provenance: Provenance, begin: dict[str, Any], search: RunInfo | None = None) -> RunInfo:
    """Of a trial, where the search that it belongs to is given."""
    if search is not None:
        return trial_info(provenance, begin, search)
    return model_info(provenance, begin) if "variant" in begin else search_info(provenance, begin)


def model_info(provenance: Provenance, begin: dict[str, Any]) -> RunInfo:
    family, variant, seed = begin["family"], begin["variant"], begin["seed"]
    parameters = provenance.selected(*SHARED, "train") | {"seed": str(seed)}
    return RunInfo(
        name=f"{family} {variant}, seed {seed}",
        kind="model",
        fingerprint=begin["fingerprint"],
        stage=f"train_{variant}@{family}",
        description=f"The {variant} {family}, trained with seed {seed}",
        parameters=parameters | flattened(begin["hyperparameters"], f"models.{family}"),
        tags={"family": family, "variant": variant, "seed": str(seed)},
    )


def search_info(provenance: Provenance, begin: dict[str, Any]) -> RunInfo:
    family, seed = begin["family"], str(begin["seed"])
    parameters = provenance.selected(*SHARED, "tune.method", "tune.objective", f"tune.{family}", f"models.{family}")
    return RunInfo(
        name=f"{family} search, seed {seed}",
        kind="search",
        fingerprint=begin["fingerprint"],
        stage=f"tune@{family}",
        description=f"The search for the {family}'s hyperparameters with seed {seed}, its trials below it",
        parameters=parameters | {"tune.seed": seed},
        tags={"family": family, "seed": seed},
    )


def trial_info(provenance: Provenance, begin: dict[str, Any], search: RunInfo) -> RunInfo:
    family, seed, number = search.tags["family"], search.tags["seed"], begin["trial"]
    baseline = ": the baseline's own recipe" if number == 0 else ""
    parameters = provenance.selected(*SHARED, "tune.method", "tune.objective", f"tune.{family}.rungs")
    return RunInfo(
        name=f"{family} trial {number}, seed {seed}",
        kind="trial",
        fingerprint=f"{search.fingerprint}/{number}",
        stage=search.stage,
        description=f"Trial {number} of the search for the {family}'s hyperparameters with seed {seed}{baseline}",
        parameters=parameters | {"tune.seed": seed} | flattened(begin["hyperparameters"], f"models.{family}"),
        tags={"family": family, "seed": seed, "trial": str(number)},
    )


def run_tags(provenance: Provenance, info: RunInfo, parent: str | None) -> dict[str, str]:
    command = f"dvc exp run --name {provenance.experiment}" if provenance.experiment else f"dvc repro {info.stage}"
    tags = {
        "mlflow.source.name": command,
        "mlflow.source.type": "LOCAL",
        "mlflow.user": provenance.user,
        "mlflow.source.git.commit": provenance.commit,
        "mlflow.parentRunId": parent,
        "mlflow.note.content": f"{info.description}. Made by `{command}`, stage {info.stage}.",
        "kind": info.kind,
        "fingerprint": info.fingerprint,
        "data": provenance.data_digest,
        "dvc.stage": info.stage,
        "dvc.experiment": provenance.experiment,
        "dvc.baseline": provenance.baseline,
        "git.commit": provenance.commit,
        "git.dirty": str(provenance.dirty).lower(),
        "workspace": provenance.workspace,
    }
    return {name: value for name, value in (tags | info.tags).items() if value}
