"""Makes MLflow agree with the workspace: what is missing is added, what is partial completed, the rest left alone."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from mlflow.entities import Run

from digits.tracking import logged_models, runs
from digits.tracking.provenance import Provenance
from digits.tracking.records import RunRecord
from digits.tracking.store import Store


@dataclass(frozen=True)
class Examples:
    images: np.ndarray
    classes: list[str]


def agree(store: Store, place: Provenance, outcomes: list[RunRecord], examples: Examples) -> Counter[str]:
    done: Counter[str] = Counter()
    for outcome in outcomes:
        found = runs.find(store, place, outcome.card)
        brought = found is not None and found.data.tags.get("dvc.experiment", "") != place.experiment
        if brought or (found is not None and found.data.tags.get(runs.COMPLETE) == outcome.digest):
            done["there"] += 1
            continue
        complete(store, place, outcome, examples, found)
        done["completed" if found else "added"] += 1
    close_silent(store, place)
    return done


def complete(
    store: Store,
    place: Provenance,
    outcome: RunRecord,
    examples: Examples,
    found: Run | None,
    parent: str | None = None,
) -> None:
    if found is None:
        run_id = runs.begin(store, place, outcome.card, parent, runs.now())
        runs.add(store, run_id, [point for epoch in outcome.curve for point in runs.points(epoch, runs.now())])
    else:
        run_id = found.info.run_id
        runs.fill_in(store, place, outcome.card, found)
        runs.add_curve(store, run_id, outcome.curve)
    known = found.data.metrics if found else {}
    runs.add(store, run_id, [runs.final(*each) for each in outcome.metrics.items() if known.get(each[0]) != each[1]])
    for file in outcome.files:
        store.client.log_artifact(run_id, str(file), "figures" if file.suffix == ".png" else None)
    if outcome.network:
        logged_models.add(store, run_id, outcome.network.stem, outcome.network, examples.classes, examples.images)
    if outcome.trials:
        there = {run.data.tags.get("trial"): run for run in runs.children(store, run_id)} if found else {}
        for trial in outcome.trials:
            complete(store, place, trial, examples, there.get(trial.card.tags["trial"]), run_id)
    if found is None or found.info.status != runs.ENDED[outcome.status]:
        runs.end(store, run_id, outcome.status, outcome.reason)
    store.client.set_tag(run_id, runs.COMPLETE, outcome.digest)


def close_silent(store: Store, place: Provenance) -> None:
    """A training whose listener died with it: it is over."""
    for run in runs.search(store, "attributes.status = 'RUNNING'"):
        if "fingerprint" in run.data.tags and runs.silent(run, place):
            runs.end(store, run.info.run_id, "killed", "it was found without a sign of life")
