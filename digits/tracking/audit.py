"""Compares MLflow with the results in the workspace, number by number: `python -m digits.tracking.audit`.

Prints as JSON what it compared. Ends with one line where MLflow lacks a result, has it twice, or holds another number.
"""

import csv
import json
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from digits.config.load import parameter
from digits.config.schema import Track
from digits.core.cli import one_line_errors
from digits.core.errors import UserError, reason
from digits.core.files import read_array, read_json
from digits.core.paths import CLASSES, MODELS, PREDICTIONS, REPORTS
from digits.core.process import suppress_stderr
from digits.tracking.store import Store, configure, connect, location, without_password

if TYPE_CHECKING:
    from mlflow.entities import Run

TAGS = {"data", "dvc.stage", "family", "git.commit", "git.dirty", "mlflow.note.content", "complete"}
CURVES = ("accuracy", "loss", "validation_accuracy", "validation_loss", "validation_corrupted_accuracy")
METRICS = ("test_accuracy", "test_loss", "held_out_corruptions_accuracy", "validation_accuracy", "parameters")


def audit() -> dict[str, Any]:
    results, store = results_by_fingerprint(), connect()
    everything = store.client.search_runs([store.experiment], max_results=50_000)  # earlier results, too
    runs = [run for run in everything if run.data.tags.get("fingerprint") in results]
    check_runs(store, runs, results)
    kinds = {kind: [run for run in runs if run.data.tags["kind"] == kind] for kind in ("model", "search", "trial")}
    check_models(store, kinds["model"])
    return {
        **{kind: len(of_kind) for kind, of_kind in kinds.items()},
        "points": sum(len(CURVES) * len(results[run.data.tags["fingerprint"]]["epochs"]) for run in kinds["model"]),
        "trials": len(kinds["trial"]),
        "equal_metrics": len(METRICS) * len(kinds["model"]),
        "champion": check_champion(store, kinds["model"]),
    }


def results_by_fingerprint() -> dict[str, Any]:
    results = {}
    for path in MODELS.rglob("*.json"):
        record = read_json(path)
        for result in record.get("searches", [record]):
            results[result["fingerprint"]] = result
            results |= {f"{result['fingerprint']}/{trial['trial']}": trial for trial in result.get("trials", [])}
    if not results:
        raise UserError(f"{MODELS} holds no results; `dvc repro` makes them")
    return results


def check(run: "Run", what: str, logged: object, expected: object) -> None:
    if logged != expected:
        raise UserError(f"{run.info.run_name}: {what} in MLflow: {logged}, expected: {expected}")


def check_runs(store: Store, runs: "list[Run]", results: dict[str, Any]) -> None:
    if missing := results.keys() - {run.data.tags["fingerprint"] for run in runs}:
        raise UserError(f"MLflow lacks {len(missing)} of {len(results)} results; `dvc repro` adds them")
    # An experiment has runs of its own for results that others have, too.
    copies = Counter((run.data.tags["fingerprint"], run.data.tags.get("dvc.experiment")) for run in runs)
    trials = Counter(run.data.tags.get("mlflow.parentRunId") for run in runs)
    for run in runs:
        tags, result = run.data.tags, results[run.data.tags["fingerprint"]]
        check(run, "runs", copies[tags["fingerprint"], tags.get("dvc.experiment")], 1)
        check(run, "trials", trials[run.info.run_id], len(result.get("trials", [])))
        status = result.get("status", "completed")
        expected = f"{'FAILED' if status == 'failed' else 'FINISHED'} ({status})"
        check(run, "status", f"{run.info.status} ({tags.get('status')})", expected)
        for name in CURVES if "epochs" in result else ():
            points = [(each.step, each.value) for each in store.client.get_metric_history(run.info.run_id, name)]
            check(run, name, sorted(points), [(epoch["epoch"], epoch[name]) for epoch in result["epochs"]])


def check_models(store: Store, runs: "list[Run]") -> None:
    from digits.tracking.registry import logged_model  # imports MLflow

    lines = (REPORTS / "models.csv").read_text(encoding="utf-8").splitlines()
    rows = {(row["family"], row["variant"], row["seed"]): row for row in csv.DictReader(lines)}
    for run in runs:
        check(run, "tags", sorted(TAGS & run.data.tags.keys()), sorted(TAGS))
        datasets = run.inputs.dataset_inputs if run.inputs else []
        check(run, "data sets", sum(bool(each.dataset.name) for each in datasets), 3)
        drawn = {path.name for path in (REPORTS / "figures").glob(f"{run.data.tags['family']}-*.png")}
        logged = {Path(file.path).name for file in store.client.list_artifacts(run.info.run_id, "figures")}
        check(run, "figures", sorted(logged), sorted(name for name in drawn if "-search" not in name))
        check(run, "a model", logged_model(store, run.info.run_id) is not None, True)
        row = rows.get(tuple(run.data.tags[name] for name in ("family", "variant", "seed")), {})
        for name in METRICS:
            check(run, name, run.data.metrics.get(name), float(row.get(name, "nan")))


def check_champion(store: Store, models: "list[Run]") -> float | None:
    """Its accuracy, where it is one of these models: loaded as a user would, and equal to the last bit."""
    import mlflow

    name = parameter(Track, "track").model
    champion = store.client.get_model_version_by_alias(name, "champion")
    winners = [run for run in models if run.data.tags["fingerprint"] == champion.tags.get("fingerprint")]
    if not winners:
        return None
    with suppress_stderr():
        model = mlflow.pyfunc.load_model(f"models:/{name}@champion")
    predictions = model.predict(read_array(PREDICTIONS / "images.npy"))["class"]
    classes, labels = read_json(CLASSES), read_array(PREDICTIONS / "labels.npy")
    accuracy = fmean(classes[label] == each for label, each in zip(labels, predictions, strict=True))
    check(winners[0], "test_accuracy", winners[0].data.metrics["test_accuracy"], accuracy)
    return accuracy


def main() -> None:
    configure()
    from mlflow.exceptions import MlflowException

    with one_line_errors("audit"):
        try:
            print(json.dumps(audit()))
        except MlflowException as error:
            raise UserError(f"MLflow at {location()} cannot be read ({without_password(reason(error))})") from None


if __name__ == "__main__":
    main()
