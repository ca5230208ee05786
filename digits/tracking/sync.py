"""Synchronize MLflow with the workspace: add missing runs, update incomplete ones, and leave the rest unchanged."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlflow.entities import Run

from digits.core.files import read_json
from digits.core.paths import REPORTS, history_file, model_file, model_name, search_file
from digits.evaluation.metrics import METRICS
from digits.evaluation.objective import rank
from digits.tracking import registry, runs
from digits.tracking.provenance import Provenance, Record, RunInfo, run_info
from digits.tracking.results import read_model_rows
from digits.tracking.store import Store

SECONDS_BETWEEN_HEARTBEATS = 60
MODEL_METRICS = (*(metric.name for metric in METRICS), "parameters", "multiply_adds", "training_tflop")


@dataclass(frozen=True)
class RunContent:
    """What a run in MLflow should hold."""

    info: RunInfo
    status: str
    curve: list[dict[str, float]]  # metrics by epoch
    metrics: dict[str, float] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    reason: str | None = None
    model: Path | None = None
    trials: list["RunContent"] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The digest of parameters, status, metrics, files and trials."""
        files = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in (*self.files, self.model) if file}
        trials = [trial.digest for trial in self.trials]
        content = [self.info.parameters, self.status, self.curve, self.metrics, files, trials]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def load_contents(provenance: Provenance, families: tuple[str, ...]) -> Iterator[RunContent]:
    """Yield the contents of the runs of all searches and models in the workspace."""
    model_rows = read_model_rows(MODEL_METRICS)
    for family in families:
        for search in read_json(search_file(family))["searches"]:
            yield search_content(provenance, family, search)
    for row in model_rows:
        yield model_content(provenance, row)


def run_content(provenance: Provenance, record: Record, search: RunInfo | None = None) -> RunContent:
    """Return what the run of a model or a search should hold; with the search that it belongs to, of a trial."""
    info, status = run_info(provenance, record, search), record.get("status", "completed")
    return RunContent(
        info,
        status,
        record.get("epochs", []),
        metrics={} if status == "running" else record.get("cost", {}),
        reason=record.get("reason"),
        trials=[run_content(provenance, trial, info) for trial in record.get("trials", [])],
    )


def model_content(provenance: Provenance, row: dict[str, str]) -> RunContent:
    name = model_name(row["family"], row["variant"], int(row["seed"]))
    files = [history_file(name), *figure_files(row["family"], is_search=False)]
    metrics = {metric: float(row[metric]) for metric in MODEL_METRICS}
    content = run_content(provenance, read_json(history_file(name)))
    return replace(content, metrics=metrics, files=files, model=model_file(name))


def search_content(provenance: Provenance, family: str, search: Record) -> RunContent:
    trials = search["trials"]
    best = trials[search["best_trial"]]
    metrics = {
        **{name: best[name] for name in ("objective", "validation_accuracy")},
        "best_trial": search["best_trial"],
        "trials": len(trials),
        "pruned_trials": sum(trial["status"] == "pruned" for trial in trials),
        "failed_trials": sum(trial["status"] == "failed" for trial in trials),
    }
    files = [search_file(family), *figure_files(family, is_search=True)]
    return replace(run_content(provenance, search | {"family": family}), metrics=metrics, files=files)


def figure_files(family: str, is_search: bool) -> list[Path]:
    files = sorted((REPORTS / "figures").glob(f"{family}-*.png"))
    return [file for file in files if file.name.startswith(f"{family}-search") == is_search]


def find_candidate(contents: list[RunContent], objective: str) -> RunContent:
    """Return the best model on the validation images, which may become champion."""
    models = [content for content in contents if content.model]
    return max(models, key=lambda model: rank(model.curve[-1], objective))


def sync(
    store: Store, provenance: Provenance, contents: list[RunContent], test: registry.EvaluationSet
) -> Counter[str]:
    """Return the number of runs by action: added, updated or unchanged."""
    counts: Counter[str] = Counter()
    for content in contents:
        run = runs.find(store, provenance, content.info)
        if run is not None and is_up_to_date(run, provenance, content) and has_model(store, run, content):
            counts["unchanged"] += 1
        else:
            log_content(store, provenance, content, test, run)
            counts["updated" if run else "added"] += 1
    end_abandoned_runs(store, provenance)
    return counts


def is_up_to_date(run: Run, provenance: Provenance, content: RunContent) -> bool:
    """Whether the run holds the content. `runs.find` returns a run of a different experiment only if it is complete."""
    if not runs.is_same_experiment(run, provenance):
        return True
    return run.data.tags.get(runs.CONTENT_DIGEST_TAG) == content.digest


def has_model(store: Store, run: Run, content: RunContent) -> bool:
    """Whether the run has its model, which can be deleted from MLflow without the run."""
    return content.model is None or registry.find_logged_model(store, run.info.run_id) is not None


def end_abandoned_runs(store: Store, provenance: Provenance) -> None:
    for run in runs.search(store, "attributes.status = 'RUNNING'"):
        if "fingerprint" in run.data.tags and runs.may_write(run, provenance):
            runs.end(store, run.info.run_id, "killed", "no heartbeat: its process no longer runs")


def log_content(
    store: Store,
    provenance: Provenance,
    content: RunContent,
    test: registry.EvaluationSet,
    existing_run: Run | None,
    parent: str | None = None,
) -> None:
    run = existing_run or runs.start(store, provenance, content.info, parent)
    run_id = run.info.run_id
    if existing_run:
        runs.log_params_and_datasets(store, provenance, content.info, run)
    for file in content.files:
        store.client.log_artifact(run_id, str(file), "figures" if file.suffix == ".png" else None)
    if content.model:
        registry.log_model(store, run_id, content.model, test)
    children = {child.data.tags.get("trial"): child for child in runs.children(store, run)} if content.trials else {}
    for trial in content.trials:
        log_content(store, provenance, trial, test, children.get(trial.info.tags["trial"]), run_id)
    log_metrics_and_status(store, content, run)
    store.client.set_tag(run_id, runs.CONTENT_DIGEST_TAG, content.digest)


def log_progress(
    store: Store,
    provenance: Provenance,
    content: RunContent,
    logged_states: dict[str, Any],
    parent: str | None = None,
) -> None:
    """Log a training run or a search and its trials, unless this process has already logged the same state.

    The states are kept by fingerprint. The state of a running run changes at least once a minute, so that
    `runs.claim` writes a new heartbeat.
    """
    heartbeat_number = int(time.monotonic() // SECONDS_BETWEEN_HEARTBEATS) if content.status == "running" else None
    state = content.status, len(content.curve), content.trials, heartbeat_number
    if logged_states.get(content.info.fingerprint) == state:
        return
    run = runs.claim(store, provenance, content.info, parent)
    if run is not None:
        for trial in content.trials:
            log_progress(store, provenance, trial, logged_states, run.info.run_id)
        log_metrics_and_status(store, content, run)
    logged_states[content.info.fingerprint] = state


def log_metrics_and_status(store: Store, content: RunContent, run: Run) -> None:
    """Log the epochs and metrics that the run lacks, and its status."""
    runs.log_epochs(store, run, content.curve)
    runs.log_final_metrics(store, run, content.metrics)
    if run.info.status != runs.MLFLOW_STATUS[content.status]:
        if "reason" in run.data.tags:
            store.client.delete_tag(run.info.run_id, "reason")  # the run was interrupted before
        runs.end(store, run.info.run_id, content.status, content.reason)
