"""Describes a run (a model, a search or a trial) and where it came from: code, data and parameters."""

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
from digits.tracking.store import repository_root

PIPELINE_OUTPUTS = ("dvc.lock", "reports", "README.md", "docs/params.schema.json")  # never uncommitted changes
SHARED_PARAMS = ("data", "prepare", "runtime", "pool.threads_per_worker")

Record = dict[str, Any]  # a model, a search or a trial, as in models/ or, while it runs, with its epochs so far


@dataclass(frozen=True)
class Provenance:
    parameters: dict[str, Any]
    data: dict[str, Any]  # reports/data.json
    commit: str
    dirty: bool  # whether there are uncommitted changes
    dvc_experiment: str  # its name; "" outside `dvc exp run`
    experiment_base: str  # the commit from which the experiment started; "" outside
    workspace: str
    user: str

    @classmethod
    def collect(cls) -> "Provenance":
        return cls(
            parameters=read_params(),
            data=read_json(REPORTS / "data.json"),
            commit=os.environ.get("DVC_EXP_BASELINE_REV") or git_or_empty("rev-parse", "HEAD"),
            dirty=git_or_empty("status", "--porcelain", "--", ".", *(f":!{path}" for path in PIPELINE_OUTPUTS)) != "",
            dvc_experiment=os.environ.get("DVC_EXP_NAME", ""),
            experiment_base=os.environ.get("DVC_EXP_BASELINE_REV", ""),
            workspace=f"{socket.gethostname()}:{repository_root()}",
            user=os.environ.get("USER") or str(os.getuid()),
        )

    @property
    def data_digest(self) -> str:
        """The digest of all splits."""
        parts = [split["sha256"] for _, split in sorted(self.data["splits"].items())]
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:32]

    def select_params(self, *sections: str) -> dict[str, str]:
        """Return parameters by the dotted names that `dvc params` uses: train.epochs."""
        flat: dict[str, str] = {}
        for section in sections:
            value: Any = self.parameters
            for key in section.split("."):
                value = value[key]
            flat |= flatten(value, section)
        return flat


def git_or_empty(*arguments: str) -> str:
    try:
        return git(*arguments)
    except UserError:  # no git, or no repository
        return ""


def flatten(value: Any, key: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: text for part, item in value.items() for name, text in flatten(item, f"{key}.{part}").items()}
    return {key: value if isinstance(value, str) else json.dumps(value)}


@dataclass(frozen=True)
class RunInfo:
    """A run's description, parameters and tags, which are known when it starts."""

    name: str
    kind: str
    fingerprint: str
    stage: str
    description: str
    parameters: dict[str, str]
    tags: dict[str, str]


def run_info(provenance: Provenance, record: Record, search: RunInfo | None = None) -> RunInfo:
    """Describe a model or a search; with the search that it belongs to, a trial."""
    if search is not None:
        return trial_info(provenance, record, search)
    return model_info(provenance, record) if "variant" in record else search_info(provenance, record)


def model_info(provenance: Provenance, record: Record) -> RunInfo:
    family, variant, seed = record["family"], record["variant"], record["seed"]
    parameters = provenance.select_params(*SHARED_PARAMS, "train") | {"seed": str(seed)}
    return RunInfo(
        name=f"{family} {variant}, seed {seed}",
        kind="model",
        fingerprint=record["fingerprint"],
        stage=f"train_{variant}@{family}",
        description=f"The {variant} {family}, trained with seed {seed}",
        parameters=parameters | flatten(record["hyperparameters"], f"models.{family}"),
        tags={"family": family, "variant": variant, "seed": str(seed)},
    )


def search_info(provenance: Provenance, record: Record) -> RunInfo:
    family, seed = record["family"], str(record["seed"])
    parameters = provenance.select_params(
        *SHARED_PARAMS, "tune.method", "tune.objective", f"tune.{family}", f"models.{family}"
    )
    return RunInfo(
        name=f"{family} search, seed {seed}",
        kind="search",
        fingerprint=record["fingerprint"],
        stage=f"tune@{family}",
        description=f"The search for the {family}'s hyperparameters with seed {seed}, its trials as child runs",
        parameters=parameters | {"tune.seed": seed},
        tags={"family": family, "seed": seed},
    )


def trial_info(provenance: Provenance, record: Record, search: RunInfo) -> RunInfo:
    family, seed, number = search.tags["family"], search.tags["seed"], record["trial"]
    baseline = ": the baseline's hyperparameters" if number == 0 else ""
    parameters = provenance.select_params(*SHARED_PARAMS, "tune.method", "tune.objective", f"tune.{family}.rungs")
    return RunInfo(
        name=f"{family} trial {number}, seed {seed}",
        kind="trial",
        fingerprint=f"{search.fingerprint}/{number}",
        stage=search.stage,
        description=f"Trial {number} of the search for the {family}'s hyperparameters with seed {seed}{baseline}",
        parameters=parameters | {"tune.seed": seed} | flatten(record["hyperparameters"], f"models.{family}"),
        tags={"family": family, "seed": seed, "trial": str(number)},
    )


def run_tags(provenance: Provenance, info: RunInfo, parent: str | None) -> dict[str, str]:
    experiment = provenance.dvc_experiment
    command = f"dvc exp run --name {experiment}" if experiment else f"dvc repro {info.stage}"
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
        "dvc.experiment": experiment,
        "dvc.baseline": provenance.experiment_base,
        "git.commit": provenance.commit,
        "git.dirty": str(provenance.dirty).lower(),
        "workspace": provenance.workspace,
    }
    return {name: value for name, value in (tags | info.tags).items() if value}
