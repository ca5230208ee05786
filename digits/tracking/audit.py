"""Compare MLflow with the results in the workspace, number by number: `python -m digits.tracking.audit`.

Print the counts of compared values as JSON, or fail with one line if a run is missing, duplicate or different.
"""

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
from digits.tracking.results import read_model_rows
from digits.tracking.store import Store, configure, connect, location, without_password

if TYPE_CHECKING:
    from mlflow.entities import Run

REQUIRED_TAGS = {"data", "dvc.stage", "family", "git.commit", "git.dirty", "mlflow.note.content", "complete"}
EPOCH_METRICS = ("accuracy", "loss", "validation_accuracy", "validation_loss", "validation_corrupted_accuracy")
AUDITED_METRICS = ("test_accuracy", "test_loss", "held_out_corruptions_accuracy", "validation_accuracy", "parameters")


def audit() -> dict[str, Any]:
    results, store, model_rows = results_by_fingerprint(), connect(), read_model_rows(AUDITED_METRICS)
    all_runs = store.client.search_runs([store.mlflow_experiment], max_results=50_000)  # also of earlier results
    runs = [run for run in all_runs if run.data.tags.get("fingerprint") in results]
    check_runs(store, runs, results)
    models, searches, trials = (
        [run for run in runs if run.data.tags["kind"] == kind] for kind in ("model", "search", "trial")
    )
    check_models(store, models, model_rows)
    return {
        "model": len(models),
        "search": len(searches),
        "trial": len(trials),
        "points": sum(len(EPOCH_METRICS) * len(results[run.data.tags["fingerprint"]]["epochs"]) for run in models),
        "trials": len(trials),  # the same as "trial"
        "equal_metrics": len(AUDITED_METRICS) * len(models),
        "champion": check_champion(store, models),
    }


def results_by_fingerprint() -> dict[str, Any]:
    results = {}
    for path in MODELS.rglob("*.json"):
        record = read_json(path)
        for result in record.get("searches", [record]):
            results[result["fingerprint"]] = result
            results |= {f"{result['fingerprint']}/{trial['trial']}": trial for trial in result.get("trials", [])}
    if not results:
        raise UserError(f"{MODELS} holds no results; run `dvc repro` to create them")
    return results


def check(run: "Run", name: str, logged: object, expected: object) -> None:
    if logged != expected:
        raise UserError(f"{run.info.run_name}: {name} in MLflow: {logged}, expected: {expected}")


def check_runs(store: Store, runs: "list[Run]", results: dict[str, Any]) -> None:
    if missing := results.keys() - {run.data.tags["fingerprint"] for run in runs}:
        raise UserError(f"MLflow lacks {len(missing)} of {len(results)} results; run `dvc repro` to add them")
    # Each experiment has its own run of a result.
    n_runs = Counter((run.data.tags["fingerprint"], run.data.tags.get("dvc.experiment")) for run in runs)
    n_trials = Counter(run.data.tags.get("mlflow.parentRunId") for run in runs)
    for run in runs:
        tags, result = run.data.tags, results[run.data.tags["fingerprint"]]
        check(run, "runs", n_runs[tags["fingerprint"], tags.get("dvc.experiment")], 1)
        check(run, "trials", n_trials[run.info.run_id], len(result.get("trials", [])))
        status = result.get("status", "completed")
        expected = f"{'FAILED' if status == 'failed' else 'FINISHED'} ({status})"
        check(run, "status", f"{run.info.status} ({tags.get('status')})", expected)
        for name in EPOCH_METRICS if "epochs" in result else ():
            points = [(point.step, point.value) for point in store.client.get_metric_history(run.info.run_id, name)]
            check(run, name, sorted(points), [(epoch["epoch"], epoch[name]) for epoch in result["epochs"]])


def check_models(store: Store, runs: "list[Run]", model_rows: list[dict[str, str]]) -> None:
    from digits.tracking.registry import find_logged_model  # imports MLflow

    rows = {(row["family"], row["variant"], row["seed"]): row for row in model_rows}
    for run in runs:
        check(run, "tags", sorted(REQUIRED_TAGS & run.data.tags.keys()), sorted(REQUIRED_TAGS))
        datasets = run.inputs.dataset_inputs if run.inputs else []
        check(run, "data sets", sum(bool(item.dataset.name) for item in datasets), 3)
        figures = {path.name for path in (REPORTS / "figures").glob(f"{run.data.tags['family']}-*.png")}
        logged = {Path(file.path).name for file in store.client.list_artifacts(run.info.run_id, "figures")}
        check(run, "figures", sorted(logged), sorted(name for name in figures if "-search" not in name))
        check(run, "a model", find_logged_model(store, run.info.run_id) is not None, True)
        row = rows.get(tuple(run.data.tags[name] for name in ("family", "variant", "seed")), {})
        for name in AUDITED_METRICS:
            check(run, name, run.data.metrics.get(name), float(row.get(name, "nan")))


def check_champion(store: Store, models: "list[Run]") -> float | None:
    """Load the champion as a user would and compare its accuracy; return None if it is not one of these models."""
    import mlflow

    model_name = parameter(Track, "track").model
    champion = store.client.get_model_version_by_alias(model_name, "champion")
    matches = [run for run in models if run.data.tags["fingerprint"] == champion.tags.get("fingerprint")]
    if not matches:
        return None
    with suppress_stderr():
        model = mlflow.pyfunc.load_model(f"models:/{model_name}@champion")
    predictions = model.predict(read_array(PREDICTIONS / "images.npy"))["class"]
    classes, labels = read_json(CLASSES), read_array(PREDICTIONS / "labels.npy")
    accuracy = fmean(classes[label] == class_name for label, class_name in zip(labels, predictions, strict=True))
    check(matches[0], "test_accuracy", matches[0].data.metrics["test_accuracy"], accuracy)
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
