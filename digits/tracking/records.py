"""What MLflow should hold of the workspace: a complete run for each trained model, each search and each trial."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digits.common.files import read_json
from digits.common.paths import REPORTS, history_file, model_file, model_name, search_file, search_name
from digits.evaluation.metrics import METRICS
from digits.tracking import run_info
from digits.tracking.provenance import Provenance
from digits.tracking.run_info import RunInfo

MODEL_METRICS = (*(metric.name for metric in METRICS), "parameters", "multiply_adds", "training_tflop")


@dataclass(frozen=True)
class RunRecord:
    card: RunInfo
    status: str
    curve: list[dict[str, float]]
    metrics: dict[str, float]
    files: list[Path]
    reason: str | None = None
    network: Path | None = None
    trials: list["RunRecord"] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Of all that a complete run holds: a run that says it has the same is left alone."""
        files = {
            str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in (*self.files, self.network) if file
        }
        whole = [
            self.card.parameters,
            self.status,
            self.curve,
            self.metrics,
            files,
            [each.digest for each in self.trials],
        ]
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def of_workspace(place: Provenance, families: tuple[str, ...]) -> Iterator[RunRecord]:
    for family in families:
        yield of_search(place, family)
    with (REPORTS / "models.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield of_model(place, row)


def of_model(place: Provenance, row: dict[str, str]) -> RunRecord:
    name = model_name(row["family"], row["variant"], int(row["seed"]))
    record = read_json(history_file(name))
    return RunRecord(
        run_info.of_model(place, record),
        "completed",
        record["epochs"],
        {metric: float(row[metric]) for metric in MODEL_METRICS},
        [history_file(name), *figures(row["family"], of_search=False)],
        network=model_file(name),
    )


def of_search(place: Provenance, family: str) -> RunRecord:
    record = read_json(search_file(family))
    card = run_info.of_search(place, record)
    trials = [of_trial(place, card, trial) for trial in record["trials"]]
    numbers = {
        "validation_accuracy": record["trials"][record["best_trial"]]["validation_accuracy"],
        "best_trial": record["best_trial"],
        "trials": len(trials),
        "pruned_trials": sum(trial.status == "pruned" for trial in trials),
        "failed_trials": sum(trial.status == "failed" for trial in trials),
    }
    return RunRecord(
        card, "completed", [], numbers, [search_file(family), *figures(family, of_search=True)], trials=trials
    )


def of_trial(place: Provenance, search: RunInfo, trial: dict[str, Any]) -> RunRecord:
    return RunRecord(run_info.of_trial(place, search, trial), trial["status"], trial["epochs"], {}, [], trial["reason"])


def figures(family: str, of_search: bool) -> list[Path]:
    """Those of a search begin with its name."""
    found = sorted((REPORTS / "figures").glob(f"{family}-*.png"))
    return [path for path in found if path.name.startswith(search_name(family)) == of_search]
