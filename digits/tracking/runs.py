"""Runs in the store: how one is found, begun, added to and ended. Everything here may be done twice and counts once."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunStatus, RunTag, ViewType

from digits.tracking.provenance import Provenance
from digits.tracking.run_info import RunInfo
from digits.tracking.store import Store

SECONDS_OF_SILENCE = 300
COMPLETE = "complete"  # the tag set last, the digest of all that the run holds
SPLITS = {"train": "training", "validation": "validation", "test": "testing"}
ENDED = {"completed": "FINISHED", "pruned": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
Points = list[Metric]


def now() -> int:
    return time.time_ns() // 1_000_000


def find(store: Store, place: Provenance, card: RunInfo) -> Run | None:
    """The run of this result. An experiment has its own; the workspace takes what one brought into it, too."""
    runs = search(store, f"tags.fingerprint = '{card.fingerprint}'")
    mine = [run for run in runs if run.data.tags.get("dvc.experiment", "") == place.experiment]
    brought = [run for run in runs if COMPLETE in run.data.tags] if not place.experiment else []
    return min(mine or brought, key=lambda run: run.info.status != "FINISHED", default=None)


def search(store: Store, condition: str) -> list[Run]:
    found, token = [], None
    while True:
        page = store.client.search_runs([store.experiment], condition, ViewType.ACTIVE_ONLY, 1000, page_token=token)
        found += page
        if not (token := page.token):
            return found


def begin(store: Store, place: Provenance, card: RunInfo, parent: str | None, at: int) -> str:
    run = store.client.create_run(store.experiment, start_time=at, run_name=card.name, tags=tags(place, card, parent))
    run_id = run.info.run_id
    fill_in(store, place, card, run)
    return run_id


def tags(place: Provenance, card: RunInfo, parent: str | None) -> dict[str, str]:
    experiment = f"dvc exp run --name {place.experiment}" if place.experiment else f"dvc repro {card.stage}"
    known = {
        "mlflow.source.name": experiment,
        "mlflow.source.type": "LOCAL",
        "mlflow.user": place.user,
        "mlflow.source.git.commit": place.commit,
        "mlflow.parentRunId": parent,
        "mlflow.note.content": f"{card.about}. Made by `{experiment}`, stage {card.stage}.",
        "kind": card.kind,
        "fingerprint": card.fingerprint,
        "data": place.digest,
        "dvc.stage": card.stage,
        "dvc.experiment": place.experiment,
        "dvc.baseline": place.baseline,
        "git.commit": place.commit,
        "git.dirty": str(place.dirty).lower(),
        "workspace": place.workspace,
        "alive": str(now()),
    }
    return {name: value for name, value in (known | card.tags).items() if value}


def fill_in(store: Store, place: Provenance, card: RunInfo, run: Run) -> None:
    """What a run lacks of what `begin` gives it, if that was cut short."""
    missing = [Param(*each) for each in card.parameters.items() if each[0] not in run.data.params]
    for some in portions(missing, 100):
        store.client.log_batch(run.info.run_id, params=some)
    if not (run.inputs and run.inputs.dataset_inputs):
        add_inputs(store, place, run.info.run_id)


def add_inputs(store: Store, place: Provenance, run_id: str) -> None:
    source = place.parameters["data"]["source"]
    store.client.log_inputs(run_id, [dataset(source, part, place.data) for part in SPLITS])


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


def portions(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """As many as MLflow takes at once."""
    return (things[start : start + size] for start in range(0, len(things), size))


def points(epoch: dict[str, float], at: int) -> Points:
    return [Metric(name, value, at, int(epoch["epoch"])) for name, value in epoch.items() if name != "epoch"]


def final(name: str, value: float) -> Metric:
    return Metric(name, value, now(), 0)


def add(store: Store, run_id: str, metrics: Sequence[Metric]) -> None:
    for some in portions(metrics, 1000):
        store.client.log_batch(run_id, metrics=some)


def add_curve(store: Store, run_id: str, epochs: Iterable[dict[str, float]]) -> None:
    """The points that are not there yet."""
    wanted = [point for epoch in epochs for point in points(epoch, now())]
    have = {
        name: {point.step for point in store.client.get_metric_history(run_id, name)}
        for name in {p.key for p in wanted}
    }
    add(store, run_id, [point for point in wanted if point.step not in have[point.key]])


def alive(store: Store, run_id: str) -> None:
    store.client.set_tag(run_id, "alive", str(now()))


def end(store: Store, run_id: str, how: str, reason: str | None = None) -> None:
    known = {"status": how, "reason": reason and reason[:5000]}  # MLflow's own status cannot say "pruned"
    store.client.log_batch(run_id, tags=[RunTag(*each) for each in known.items() if each[1]])
    store.client.set_terminated(run_id, ENDED[how])


def is_complete(store: Store, run_id: str) -> bool:
    return COMPLETE in store.client.get_run(run_id).data.tags


def running(run: Run) -> bool:
    return run.info.status == RunStatus.to_string(RunStatus.RUNNING)


def silent(run: Run, place: Provenance) -> bool:
    """Of a RUNNING run: nobody is at it. In one workspace, DVC runs one stage of an experiment at a time."""
    own = run.data.tags.get("workspace") == place.workspace
    same = own and run.data.tags.get("dvc.experiment", "") == place.experiment
    return same or now() - int(run.data.tags.get("alive", 0)) > 1000 * SECONDS_OF_SILENCE


def children(store: Store, run_id: str) -> list[Run]:
    return search(store, f"tags.mlflow.parentRunId = '{run_id}'")


def forget(store: Store, run: Run) -> None:
    for each in (*children(store, run.info.run_id), run):
        store.client.delete_run(each.info.run_id)
