"""MLflow against the pipeline's own files, through MLflow's own client: `python -m tests.audit` in a finished project.

Prints what it counted, and fails where MLflow lacks something, has it twice, or says another number.
"""

import csv
import json
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Run

from digits.core.process import held_back_stderr

CURVE = ("accuracy", "loss", "validation_accuracy", "validation_loss", "validation_hard_accuracy")
TAGS = ("fingerprint", "data", "dvc.stage", "family", "git.commit", "git.dirty", "mlflow.note.content", "complete")


def audit(client: MlflowClient, **wanted: str) -> dict[str, Any]:
    experiment = client.get_experiment_by_name("digits")
    runs = client.search_runs([experiment.experiment_id], max_results=50_000)
    runs = [
        run for run in runs if all(run.data.tags.get(name.replace("_", ".")) == each for name, each in wanted.items())
    ]
    # Earlier results stay in MLflow; the files are those of the present one.
    records = [json.loads(path.read_text()) for path in Path("models").rglob("*.json")]
    present = {each["fingerprint"] for record in records for each in record.get("searches", [record])}
    runs = [run for run in runs if run.data.tags["fingerprint"].partition("/")[0] in present]
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED"}
    of_kind = {kind: [run for run in runs if run.data.tags["kind"] == kind] for kind in ("model", "search", "trial")}
    prints = [(run.data.tags["fingerprint"], run.data.tags.get("dvc.experiment")) for run in runs]
    assert len(prints) == len(set(prints)), "a result stands twice"
    return {
        **{kind: len(found) for kind, found in of_kind.items()},
        "points": sum(audit_model(client, run) for run in of_kind["model"]),
        "trials": sum(audit_search(client, run) for run in of_kind["search"]),
        "equal_metrics": audit_metrics(of_kind["model"]),
        "champion": audit_champion(client),
    }


def audit_model(client: MlflowClient, run: Run) -> int:
    assert all(tag in run.data.tags for tag in TAGS)
    assert {each.dataset.name for each in run.inputs.dataset_inputs}
    assert len(run.inputs.dataset_inputs) == 3
    family = run.data.tags["family"]
    drawn = {path.name for path in Path("reports/figures").glob(f"{family}-*.png")}
    kept = {Path(file.path).name for file in client.list_artifacts(run.info.run_id, "figures")}
    assert kept == {name for name in drawn if not name.startswith(f"{family}-search")} != set()
    [model] = run.outputs.model_outputs
    assert client.get_logged_model(model.model_id).status == "READY"
    epochs = int(run.data.params["train.epochs"])
    for name in CURVE:
        steps = [point.step for point in client.get_metric_history(run.info.run_id, name)]
        assert sorted(steps) == list(range(1, epochs + 1)), f"{run.info.run_name}: {name} at {steps}"
    return epochs * len(CURVE)


def audit_search(client: MlflowClient, run: Run) -> int:
    condition = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    trials = client.search_runs([run.info.experiment_id], condition, max_results=50_000)
    searches = json.loads(Path(f"models/{run.data.tags['family']}-search.json").read_text())["searches"]
    [record] = [each["trials"] for each in searches if each["fingerprint"] == run.data.tags["fingerprint"]]
    assert len(trials) == len(record)
    for trial in trials:
        mine = record[int(trial.data.tags["trial"])]
        assert trial.info.status == ("FAILED" if mine["status"] == "failed" else "FINISHED")
        assert trial.data.tags["status"] == mine["status"]
        for name in CURVE:
            history = client.get_metric_history(trial.info.run_id, name)
            points = {point.step: point.value for point in history}
            assert len(history) == len(points), f"{trial.info.run_name}: {name} has points twice"
            assert points == {epoch["epoch"]: epoch[name] for epoch in mine["epochs"]}
    return len(trials)


def audit_metrics(models: list[Run]) -> int:
    equal = 0
    for family, variants in json.loads(Path("reports/metrics.json").read_text()).items():
        for variant, reported in variants.items():
            if variant.endswith("_ensemble"):  # no model of its own
                continue
            tags = {"family": family, "variant": variant}
            mine = [run.data.metrics for run in models if tags.items() <= run.data.tags.items()]
            for name in ("test_accuracy", "test_loss", "unseen_accuracy", "validation_accuracy", "parameters"):
                assert abs(fmean(each[name] for each in mine) - reported[name]) < 2e-6, (family, variant, name)
                equal += 1
    return equal


def audit_champion(client: MlflowClient) -> float | None:
    """Its accuracy, where it is one of this project's models: loaded as a user would, and equal to the last bit."""
    version = client.get_model_version_by_alias("digits", "champion")
    with Path("reports/models.csv").open(encoding="utf-8") as file:
        mine = [row for row in csv.DictReader(file) if fingerprint(row) == version.tags["fingerprint"]]
    if not mine:
        return None
    classes = np.array(json.loads(Path("data/prepared/classes.json").read_text()))
    labels = classes[np.load("data/predictions/labels.npy")]
    with held_back_stderr():
        champion = mlflow.pyfunc.load_model("models:/digits@champion")
    answers = champion.predict(np.load("data/predictions/images.npy"))
    accuracy = float((answers["class"] == labels).mean())
    assert accuracy == float(mine[0]["test_accuracy"])
    return accuracy


def fingerprint(row: dict[str, str]) -> str:
    return json.loads(Path(f"models/{row['family']}-{row['variant']}/{row['seed']}.json").read_text())["fingerprint"]


if __name__ == "__main__":
    from digits.tracking.store import connect

    print(json.dumps(audit(connect().client, **dict(each.split("=") for each in sys.argv[1:]))))
