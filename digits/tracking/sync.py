"""Makes MLflow agree with the workspace: what is missing is added, what is partial completed, the rest left alone."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
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


def model_record(provenance: Provenance, row: dict[str, str]) -> RunRecord:
    name = model_name(row["family"], row["variant"], int(row["seed"]))
    history = read_json(history_file(name))
    files = [history_file(name), *figures(row["family"], of_search=False)]
    metrics = {metric: float(row[metric]) for metric in MODEL_METRICS}
    info = run_info(provenance, history)
    return RunRecord(info, "completed", history["epochs"], metrics, files, model=model_file(name))


def search_record(provenance: Provenance, family: str, search: dict[str, Any]) -> RunRecord:
    info, trials = run_info(provenance, search | {"family": family}), search["trials"]
    best = trials[search["best_trial"]]
    metrics = {
        **{name: best[name] for name in ("objective", "validation_accuracy")},
        "best_trial": search["best_trial"],
        "trials": len(trials),
        "pruned_trials": sum(trial["status"] == "pruned" for trial in trials),
        "failed_trials": sum(trial["status"] == "failed" for trial in trials),
    }
    children = [
        RunRecord(run_info(provenance, trial, info), trial["status"], trial["epochs"], reason=trial["reason"])
        for trial in trials
    ]
    files = [search_file(family), *figures(family, of_search=True)]
    return RunRecord(info, "completed", [], metrics, files, trials=children)


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
    runs.add_epochs(store, run_id, [(epoch, runs.now()) for epoch in record.curve], runs.logged(store, run))
    runs.add_final(store, run_id, dict(record.metrics.items() - run.data.metrics.items()))
    for file in record.files:
        store.client.log_artifact(run_id, str(file), "figures" if file.suffix == ".png" else None)
    if record.model:
        registry.log_model(store, run_id, record.model, test)
    there = {child.data.tags.get("trial"): child for child in runs.children(store, run)} if record.trials else {}
    for trial in record.trials:
        complete(store, provenance, trial, test, there.get(trial.info.tags["trial"]), run_id)
    if run.info.status != runs.MLFLOW_STATUS[record.status]:
        if "reason" in run.data.tags:
            store.client.delete_tag(run_id, "reason")  # why it was not finished
        runs.end(store, run_id, record.status, record.reason)
    store.client.set_tag(run_id, runs.COMPLETE, record.digest)
