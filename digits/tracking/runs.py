"""Find, start, log and end runs in MLflow. Every function is idempotent."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

from digits.tracking.provenance import Provenance, RunInfo, run_tags
from digits.tracking.store import Store

HEARTBEAT_TIMEOUT_SECONDS = 300
HEARTBEAT_TAG = "alive"
CONTENT_DIGEST_TAG = "complete"  # set last, so only complete runs have it
DATASET_CONTEXTS = {"train": "training", "validation": "validation", "test": "testing"}
MLFLOW_STATUS = {
    "running": "RUNNING",
    "completed": "FINISHED",
    "pruned": "FINISHED",
    "failed": "FAILED",
    "killed": "KILLED",
}
Point = tuple[str, int]  # a metric's name, and its step


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def find(store: Store, provenance: Provenance, info: RunInfo) -> Run | None:
    """Return this experiment's run; outside of an experiment, otherwise a complete run of any experiment."""
    runs = search(store, f"tags.fingerprint = '{info.fingerprint}'")
    candidates = [run for run in runs if is_same_experiment(run, provenance)]
    if not candidates and not provenance.dvc_experiment:  # its result may come from `dvc exp apply`
        candidates = [run for run in runs if CONTENT_DIGEST_TAG in run.data.tags]
    return max(candidates, key=is_successful, default=None)


def search(store: Store, condition: str) -> list[Run]:
    return list(store.client.search_runs([store.mlflow_experiment], condition, max_results=50_000))


def children(store: Store, run: Run) -> list[Run]:
    return search(store, f"tags.mlflow.parentRunId = '{run.info.run_id}'")


def is_successful(run: Run) -> bool:
    return run.info.status == "FINISHED"


def is_same_experiment(run: Run, provenance: Provenance) -> bool:
    """Whether the run is of this DVC experiment or, outside of one, of none."""
    return run.data.tags.get("dvc.experiment", "") == provenance.dvc_experiment


def may_write(run: Run, provenance: Provenance) -> bool:
    """Whether the run is unfinished, and no other process writes to it."""
    if run.info.status != "RUNNING":
        return not is_successful(run)
    # In a workspace, DVC runs one stage of an experiment at a time: this process, or none, writes to the run.
    is_same_workspace = run.data.tags.get("workspace") == provenance.workspace
    if is_same_workspace and is_same_experiment(run, provenance):
        return True
    ms_since_heartbeat = now_ms() - int(run.data.tags.get(HEARTBEAT_TAG, 0))
    return ms_since_heartbeat > 1000 * HEARTBEAT_TIMEOUT_SECONDS


def claim(store: Store, provenance: Provenance, info: RunInfo, parent: str | None = None) -> Run | None:
    """Return a run to write to, with a new heartbeat; None if it is complete, or if another process writes to it."""
    run = find(store, provenance, info)
    if run is None:
        return start(store, provenance, info, parent)
    return resume(store, provenance, info, run) if may_write(run, provenance) else None


def heartbeat() -> dict[str, str]:
    """Return a tag that is written with a run's other tags, so that a running run is never without it."""
    return {HEARTBEAT_TAG: str(now_ms())}


def start(store: Store, provenance: Provenance, info: RunInfo, parent: str | None = None) -> Run:
    tags = run_tags(provenance, info, parent) | heartbeat()
    run = store.client.create_run(store.mlflow_experiment, start_time=now_ms(), run_name=info.name, tags=tags)
    log_params_and_datasets(store, provenance, info, run)
    return run


def resume(store: Store, provenance: Provenance, info: RunInfo, run: Run) -> Run:
    """Prepare an unfinished run for writing, whether this or an earlier process started it."""
    store.client.update_run(run.info.run_id, "RUNNING")
    for tag in {"status", "reason"} & run.data.tags.keys():
        store.client.delete_tag(run.info.run_id, tag)
    tags = run_tags(provenance, info, run.data.tags.get("mlflow.parentRunId")) | heartbeat()
    store.client.log_batch(run.info.run_id, tags=[RunTag(*tag) for tag in tags.items()])
    log_params_and_datasets(store, provenance, info, run)
    return store.client.get_run(run.info.run_id)


def log_params_and_datasets(store: Store, provenance: Provenance, info: RunInfo, run: Run) -> None:
    """Log those that the run lacks, because the process that started it may have been killed."""
    missing = [Param(name, value) for name, value in info.parameters.items() if name not in run.data.params]
    for batch in batches(missing, 100):
        store.client.log_batch(run.info.run_id, params=batch)
    if not (run.inputs and run.inputs.dataset_inputs):
        source = provenance.parameters["data"]["source"]
        store.client.log_inputs(run.info.run_id, [dataset(source, name, provenance.data) for name in DATASET_CONTEXTS])


def dataset(source: str, name: str, data: dict[str, Any]) -> DatasetInput:
    split, shape = data["splits"][name], [-1, *data["shape"]]
    features = [{"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": shape}}]
    labels = [{"type": "tensor", "tensor-spec": {"dtype": "int32", "shape": [-1]}}]
    entity = Dataset(
        name=source,
        digest=split["sha256"][:32],
        source_type="local",
        source=json.dumps({"uri": f"data/prepared/{name}"}),
        schema=json.dumps({"mlflow_tensorspec": {"features": json.dumps(features), "targets": json.dumps(labels)}}),
        profile=json.dumps({"images": split["images"], "per_class": split["per_class"]}),
    )
    return DatasetInput(entity, [InputTag("mlflow.data.context", DATASET_CONTEXTS[name])])


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Split items into batches, whose size MLflow limits."""
    return (items[start : start + size] for start in range(0, len(items), size))


def logged_points(store: Store, run: Run) -> set[Point]:
    histories = (store.client.get_metric_history(run.info.run_id, name) for name in run.data.metrics)
    return {(point.key, point.step) for history in histories for point in history}


def log_epochs(store: Store, run: Run, epochs: Iterable[Mapping[str, float]]) -> None:
    """Log the metrics of epochs that the run lacks."""
    points = logged_points(store, run)
    metrics = [
        Metric(name, value, now_ms(), int(epoch["epoch"]))
        for epoch in epochs
        for name, value in epoch.items()
        if name != "epoch" and (name, int(epoch["epoch"])) not in points
    ]
    log_metrics(store, run, metrics)


def log_final_metrics(store: Store, run: Run, values: Mapping[str, float]) -> None:
    """Log metrics that the run lacks, or for which it has different values."""
    changed = values.items() - run.data.metrics.items()
    log_metrics(store, run, [Metric(name, value, now_ms(), 0) for name, value in changed])


def log_metrics(store: Store, run: Run, metrics: Sequence[Metric]) -> None:
    for batch in batches(metrics, 1000):
        store.client.log_batch(run.info.run_id, metrics=batch)


def end(store: Store, run_id: str, status: str, reason: str | None = None) -> None:
    tags = {"status": status, "reason": reason and reason[:5000]}  # MLflow has no status for pruned trials
    store.client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items() if value])
    store.client.set_terminated(run_id, MLFLOW_STATUS[status])
