"""Makes MLflow agree with the workspace: what is missing is added, what is partial completed, the rest left alone."""

import csv
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
from digits.tracking.store import Store

SECONDS_BETWEEN_HEARTBEATS = 60
MODEL_METRICS = (*(metric.name for metric in METRICS), "parameters", "multiply_adds", "training_tflop")


@dataclass(frozen=True)
class RunRecord:
    """What MLflow should hold of a result in the workspace."""

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
        """Of all that a complete run holds: a run that says it has the same is left alone."""
        files = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in (*self.files, self.model) if file}
        trials = [trial.digest for trial in self.trials]
        everything = [self.info.parameters, self.status, self.curve, self.metrics, files, trials]
        return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:32]


def records(provenance: Provenance, families: tuple[str, ...]) -> Iterator[RunRecord]:
    for family in families:
        for search in read_json(search_file(family))["searches"]:
            yield search_record(provenance, family, search)
    with (REPORTS / "models.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield model_record(provenance, row)


def run_record(provenance: Provenance, record: dict[str, Any], search: RunInfo | None = None) -> RunRecord:
    """Of a model, a search or a trial as models/ has it, or as its driver has it while it grows."""
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
    files = [history_file(name), *figures(row["family"], of_search=False)]
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
    files = [search_file(family), *figures(family, of_search=True)]
    return replace(run_record(provenance, search | {"family": family}), metrics=metrics, files=files)


def figures(family: str, of_search: bool) -> list[Path]:
    found = sorted((REPORTS / "figures").glob(f"{family}-*.png"))
    return [path for path in found if path.name.startswith(f"{family}-search") == of_search]


def winner(records: list[RunRecord], objective: str) -> RunRecord:
    models = [record for record in records if record.model]
    return max(models, key=lambda each: rank(each.curve[-1], objective))


def sync(store: Store, provenance: Provenance, records: list[RunRecord], test: registry.EvaluationSet) -> Counter[str]:
    done: Counter[str] = Counter()
    for record in records:
        found = runs.find(store, provenance, record.info)
        brought = found is not None and found.data.tags.get("dvc.experiment", "") != provenance.experiment
        done_before = found is not None and (brought or found.data.tags.get(runs.COMPLETE) == record.digest)
        if done_before and model_there(store, found, record):
            done["there"] += 1
        else:
            complete(store, provenance, record, test, found)
            done["completed" if found else "added"] += 1
    for run in runs.search(store, "attributes.status = 'RUNNING'"):
        if "fingerprint" in run.data.tags and runs.abandoned(run, provenance):
            runs.end(store, run.info.run_id, "killed", "it was found without a sign of life")
    return done


def model_there(store: Store, run: Run, record: RunRecord) -> bool:
    """It can be deleted without its run."""
    return record.model is None or registry.logged_model(store, run.info.run_id) is not None


def complete(
    store: Store,
    provenance: Provenance,
    record: RunRecord,
    test: registry.EvaluationSet,
    found: Run | None,
    parent: str | None = None,
) -> None:
    run = found or runs.begin(store, provenance, record.info, parent)
    run_id = run.info.run_id
    if found:
        runs.describe(store, provenance, record.info, run)
    for file in record.files:
        store.client.log_artifact(run_id, str(file), "figures" if file.suffix == ".png" else None)
    if record.model:
        registry.log_model(store, run_id, record.model, test)
    there = {child.data.tags.get("trial"): child for child in runs.children(store, run)} if record.trials else {}
    for trial in record.trials:
        complete(store, provenance, trial, test, there.get(trial.info.tags["trial"]), run_id)
    add(store, record, run)
    store.client.set_tag(run_id, runs.COMPLETE, record.digest)


def show(
    store: Store, provenance: Provenance, record: RunRecord, shown: dict[str, Any], parent: str | None = None
) -> None:
    """A record that grows, unless it is as it was shown last."""
    growing = record.status == "running"
    # A heartbeat each minute tells others that somebody is still at it.
    state = record.status, len(record.curve), record.trials, growing and time.monotonic() // SECONDS_BETWEEN_HEARTBEATS
    if shown.get(record.info.fingerprint) == state:
        return
    run = runs.claim(store, provenance, record.info, parent)
    if run is not None:
        for trial in record.trials:
            show(store, provenance, trial, shown, run.info.run_id)
        add(store, record, run)
    shown[record.info.fingerprint] = state


def add(store: Store, record: RunRecord, run: Run) -> None:
    """What the run lacks of the record's epochs and metrics, and its end."""
    runs.add_epochs(store, run, record.curve)
    runs.add_final(store, run, record.metrics)
    if run.info.status != runs.MLFLOW_STATUS[record.status]:
        if "reason" in run.data.tags:
            store.client.delete_tag(run.info.run_id, "reason")  # why it was not finished
        runs.end(store, run.info.run_id, record.status, record.reason)
