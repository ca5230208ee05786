"""Runs in the store: found or begun, added to, ended. Everything here may be done twice and counts once."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

from digits.tracking.provenance import Provenance, RunInfo, run_tags
from digits.tracking.store import Store

HEARTBEAT_TIMEOUT = 300  # seconds
COMPLETE = "complete"  # the tag set last, the digest of all that the run holds
SPLITS = {"train": "training", "validation": "validation", "test": "testing"}
MLFLOW_STATUS = {
    "running": "RUNNING",
    "completed": "FINISHED",
    "pruned": "FINISHED",
    "failed": "FAILED",
    "killed": "KILLED",
}
Point = tuple[str, int]  # a metric's name, and its step


def now() -> int:
    return time.time_ns() // 1_000_000


def find(store: Store, provenance: Provenance, info: RunInfo) -> Run | None:
    """The run of this result. An experiment has its own; the workspace takes what one brought into it, too."""
    runs = search(store, f"tags.fingerprint = '{info.fingerprint}'")
    own = [run for run in runs if run.data.tags.get("dvc.experiment", "") == provenance.experiment]
    brought = [run for run in runs if COMPLETE in run.data.tags] if not provenance.experiment else []
    return min(own or brought, key=lambda run: not finished(run), default=None)


def search(store: Store, condition: str) -> list[Run]:
    return list(store.client.search_runs([store.experiment], condition, max_results=50_000))


def children(store: Store, run: Run) -> list[Run]:
    return search(store, f"tags.mlflow.parentRunId = '{run.info.run_id}'")


def finished(run: Run) -> bool:
    return run.info.status == "FINISHED"


def abandoned(run: Run, provenance: Provenance) -> bool:
    """It is not finished, and nobody is at it. In one workspace, DVC runs one stage of an experiment at a time."""
    if run.info.status != "RUNNING":
        return not finished(run)
    own = run.data.tags.get("workspace") == provenance.workspace
    same = own and run.data.tags.get("dvc.experiment", "") == provenance.experiment
    return same or now() - int(run.data.tags.get("alive", 0)) > 1000 * HEARTBEAT_TIMEOUT


def claim(store: Store, provenance: Provenance, info: RunInfo, parent: str | None = None) -> Run | None:
    """The run for this driver to write to; None where the result is there already, or on its way elsewhere."""
    run = find(store, provenance, info)
    if run is None:
        return begin(store, provenance, info, parent)
    if not abandoned(run, provenance):
        return None
    return resume(store, provenance, info, run)


def begin(store: Store, provenance: Provenance, info: RunInfo, parent: str | None = None) -> Run:
    tags = run_tags(provenance, info, parent) | {"alive": str(now())}
    run = store.client.create_run(store.experiment, start_time=now(), run_name=info.name, tags=tags)
    describe(store, provenance, info, run)
    return run


def resume(store: Store, provenance: Provenance, info: RunInfo, run: Run) -> Run:
    """What somebody else left unfinished."""
    store.client.update_run(run.info.run_id, "RUNNING")
    for tag in {"status", "reason"} & run.data.tags.keys():
        store.client.delete_tag(run.info.run_id, tag)
    tags = run_tags(provenance, info, run.data.tags.get("mlflow.parentRunId")) | {"alive": str(now())}
    store.client.log_batch(run.info.run_id, tags=[RunTag(*tag) for tag in tags.items()])
    describe(store, provenance, info, run)
    return store.client.get_run(run.info.run_id)


def describe(store: Store, provenance: Provenance, info: RunInfo, run: Run) -> None:
    """Parameters and data sets, where the run lacks them: whoever began it may have been killed."""
    missing = [Param(*each) for each in info.parameters.items() if each[0] not in run.data.params]
    for batch in batches(missing, 100):
        store.client.log_batch(run.info.run_id, params=batch)
    if not (run.inputs and run.inputs.dataset_inputs):
        source = provenance.parameters["data"]["source"]
        store.client.log_inputs(run.info.run_id, [dataset(source, part, provenance.data) for part in SPLITS])


def dataset(source: str, part: str, data: dict[str, Any]) -> DatasetInput:
    split, shape = data["splits"][part], [-1, *data["shape"]]
    features = [{"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": shape}}]
    labels = [{"type": "tensor", "tensor-spec": {"dtype": "int32", "shape": [-1]}}]
    described = Dataset(
        name=source,
        digest=split["sha256"][:32],
        source_type="local",
        source=json.dumps({"uri": f"data/prepared/{part}"}),
        schema=json.dumps({"mlflow_tensorspec": {"features": json.dumps(features), "targets": json.dumps(labels)}}),
        profile=json.dumps({"images": split["images"], "per_class": split["per_class"]}),
    )
    return DatasetInput(described, [InputTag("mlflow.data.context", SPLITS[part])])


def batches(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """As many as MLflow takes at once."""
    return (things[start : start + size] for start in range(0, len(things), size))


def logged(store: Store, run: Run) -> set[Point]:
    """What the run's curves hold."""
    histories = (store.client.get_metric_history(run.info.run_id, name) for name in run.data.metrics)
    return {(point.key, point.step) for history in histories for point in history}


def add_epochs(store: Store, run: Run, epochs: Iterable[Mapping[str, float]]) -> None:
    """Those that the run lacks."""
    there = logged(store, run)
    points = [
        Metric(name, value, now(), int(epoch["epoch"]))
        for epoch in epochs
        for name, value in epoch.items()
        if name != "epoch" and (name, int(epoch["epoch"])) not in there
    ]
    add(store, run, points)


def add_final(store: Store, run: Run, values: Mapping[str, float]) -> None:
    """Those that the run lacks, or has otherwise."""
    add(store, run, [Metric(name, value, now(), 0) for name, value in values.items() - run.data.metrics.items()])


def add(store: Store, run: Run, points: Sequence[Metric]) -> None:
    for batch in batches(points, 1000):
        store.client.log_batch(run.info.run_id, metrics=batch)


def end(store: Store, run_id: str, status: str, reason: str | None = None) -> None:
    tags = {"status": status, "reason": reason and reason[:5000]}  # MLflow's own status cannot say "pruned"
    store.client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items() if tag[1]])
    store.client.set_terminated(run_id, MLFLOW_STATUS[status])
