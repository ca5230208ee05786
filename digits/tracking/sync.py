"""Synchronize MLflow with the workspace: add missing runs, complete partial runs, and leave the others unchanged."""

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
from digits.tracking.provenance import Provenance, RunInfo, run_info
from digits.tracking.results import read_model_rows
from digits.tracking.store import Store

SECONDS_BETWEEN_HEARTBEATS = 60
MODEL_METRICS = (*(metric.name for metric in METRICS), "parameters", "multiply_adds", "training_tflop")


@dataclass(frozen=True)
class RunRecord:
    """A result in the workspace, as MLflow should hold it."""

    info: RunInfo
    status: str
    curve: list[dict[str, float]]
    metrics: dict[str, float] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    reason: str | None = None
    model: Path | None = None
    trials: list["RunRecord"] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """The digest of all that a complete run holds: a run whose tag has the same digest is left unchanged."""
        files = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in (*self.files, self.model) if file}
        trials = [trial.digest for trial in self.trials]
        content = [self.info.parameters, self.status, self.curve, self.metrics, files, trials]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def load_records(provenance: Provenance, families: tuple[str, ...]) -> Iterator[RunRecord]:
    model_rows = read_model_rows(MODEL_METRICS)
    for family in families:
        for search in read_json(search_file(family))["searches"]:
            yield search_record(provenance, family, search)
    for row in model_rows:
        yield model_record(provenance, row)


def run_record(provenance: Provenance, record: dict[str, Any], search: RunInfo | None = None) -> RunRecord:
    """Return the record of a model, a search or a trial, from a file in models/ or while it runs."""
    info, status = run_info(provenance, record, search), record.get("status", "completed")
    return RunRecord(
        info,
        status,
        record.get("epochs", []),
        metrics={} if status == "running" else record.get("cost", {}),
        reason=record.get("reason"),
        trials=[run_record(provenance, trial, info) for trial in record.get("trials", [])],
    )


def model_record(provenance: Provenance, row: dict[str, str]) -> RunRecord:
    name = model_name(row["family"], row["variant"], int(row["seed"]))
    files = [history_file(name), *figure_files(row["family"], is_search=False)]
    metrics = {metric: float(row[metric]) for metric in MODEL_METRICS}
    record = run_record(provenance, read_json(history_file(name)))
    return replace(record, metrics=metrics, files=files, model=model_file(name))


def search_record(provenance: Provenance, family: str, search: dict[str, Any]) -> RunRecord:
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
    return replace(run_record(provenance, search | {"family": family}), metrics=metrics, files=files)


def figure_files(family: str, is_search: bool) -> list[Path]:
    files = sorted((REPORTS / "figures").glob(f"{family}-*.png"))
    return [file for file in files if file.name.startswith(f"{family}-search") == is_search]


def winner(records: list[RunRecord], objective: str) -> RunRecord:
    models = [record for record in records if record.model]
    return max(models, key=lambda record: rank(record.curve[-1], objective))


def sync(store: Store, provenance: Provenance, records: list[RunRecord], test: registry.EvaluationSet) -> Counter[str]:
    counts: Counter[str] = Counter()
    for record in records:
        run = runs.find(store, provenance, record.info)
        if run is not None and is_complete(run, provenance, record) and has_model(store, run, record):
            counts["unchanged"] += 1
        else:
            log_record(store, provenance, record, test, run)
            counts["completed" if run else "added"] += 1
    for run in runs.search(store, "attributes.status = 'RUNNING'"):
        if "fingerprint" in run.data.tags and runs.is_abandoned(run, provenance):
            runs.end(store, run.info.run_id, "killed", "no heartbeat: its process was killed")
    return counts


def is_complete(run: Run, provenance: Provenance, record: RunRecord) -> bool:
    is_applied = run.data.tags.get("dvc.experiment", "") != provenance.experiment  # `dvc exp apply` brought its result
    return is_applied or run.data.tags.get(runs.COMPLETE) == record.digest


def has_model(store: Store, run: Run, record: RunRecord) -> bool:
    """Whether the run has the model that the record has, which can be deleted without its run."""
    return record.model is None or registry.logged_model(store, run.info.run_id) is not None


def log_record(
    store: Store,
    provenance: Provenance,
    record: RunRecord,
    test: registry.EvaluationSet,
    existing_run: Run | None,
    parent: str | None = None,
) -> None:
    run = existing_run or runs.start(store, provenance, record.info, parent)
    run_id = run.info.run_id
    if existing_run:
        runs.log_params_and_datasets(store, provenance, record.info, run)
    for file in record.files:
        store.client.log_artifact(run_id, str(file), "figures" if file.suffix == ".png" else None)
    if record.model:
        registry.log_model(store, run_id, record.model, test)
    children = {child.data.tags.get("trial"): child for child in runs.children(store, run)} if record.trials else {}
    for trial in record.trials:
        log_record(store, provenance, trial, test, children.get(trial.info.tags["trial"]), run_id)
    log_metrics_and_status(store, record, run)
    store.client.set_tag(run_id, runs.COMPLETE, record.digest)


def log_progress(
    store: Store,
    provenance: Provenance,
    record: RunRecord,
    logged_states: dict[str, Any],
    parent: str | None = None,
) -> None:
    """Log a record of a running training or search, unless its state has been logged."""
    # While it runs, a state includes the minute: so each minute a heartbeat is logged.
    minute = record.status == "running" and time.monotonic() // SECONDS_BETWEEN_HEARTBEATS
    state = record.status, len(record.curve), record.trials, minute
    if logged_states.get(record.info.fingerprint) == state:
        return
    run = runs.claim(store, provenance, record.info, parent)
    if run is not None:
        for trial in record.trials:
            log_progress(store, provenance, trial, logged_states, run.info.run_id)
        log_metrics_and_status(store, record, run)
    logged_states[record.info.fingerprint] = state


def log_metrics_and_status(store: Store, record: RunRecord, run: Run) -> None:
    """Log the record's epochs and metrics that the run lacks, and its status."""
    runs.log_epochs(store, run, record.curve)
    runs.log_final_metrics(store, run, record.metrics)
    if run.info.status != runs.MLFLOW_STATUS[record.status]:
        if "reason" in run.data.tags:
            store.client.delete_tag(run.info.run_id, "reason")  # of an earlier end
        runs.end(store, run.info.run_id, record.status, record.reason)
