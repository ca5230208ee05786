"""Compare a real store with results, and damage it in one way after another."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from digits.config.schema import Track
from digits.core.files import write_array, write_json, write_text
from digits.models import keras_file
from digits.tracking import audit as module
from digits.tracking import runs
from digits.tracking.audit import AUDITED_METRICS, EPOCH_METRICS, audit
from digits.tracking.provenance import Provenance, run_info
from digits.tracking.registry import EvaluationSet, find_logged_model, promote
from digits.tracking.store import Store
from digits.tracking.sync import RunContent, sync
from tests.conftest import error_message, run_module
from tests.digits.tracking.conftest import CLASSES, DATA, MODEL, SEARCH, SPLIT, TRIAL
from tests.servers import HOST, free_port

EPOCHS = [{"epoch": number} | dict.fromkeys(EPOCH_METRICS, 0.5) for number in (1, 2)]
TEST = EvaluationSet(np.zeros((2, 4, 4, 1), np.uint8), CLASSES, np.array([0, 1], np.int32), "made up")


@pytest.fixture
def tracked(store: Store, provenance: Provenance, tensorflow_started: None) -> Store:
    """A model that predicts one of two images correctly, and a search of one trial: in files and in MLflow."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.set_weights([np.zeros((16, 2)), np.array([1.0, 0.0])])
    file, figure = Path("models/mlp-baseline/1.keras"), Path("reports/figures/mlp-training.png")
    keras_file.save(model, file)
    trial = TRIAL | {"status": "pruned", "epochs": EPOCHS[:1]}
    write_json(file.with_suffix(".json"), MODEL | {"epochs": EPOCHS})
    write_json("models/mlp-search.json", {"family": "mlp", "searches": [SEARCH | {"trials": [trial]}]})
    write_text(
        "reports/models.csv",
        f"family,variant,seed,{','.join(AUDITED_METRICS)}\nmlp,baseline,1{',0.5' * len(AUDITED_METRICS)}\n",
    )
    write_text(figure, "")
    write_array("data/predictions/images.npy", TEST.images)
    write_array("data/predictions/labels.npy", TEST.labels)
    model_info, search_info = run_info(provenance, MODEL), run_info(provenance, SEARCH)
    metrics = dict.fromkeys(set(AUDITED_METRICS) - set(EPOCH_METRICS), 0.5)
    trials = [RunContent(run_info(provenance, TRIAL, search_info), "pruned", EPOCHS[:1])]
    contents = [
        RunContent(model_info, "completed", EPOCHS, metrics, [figure], model=file),
        RunContent(search_info, "completed", [], trials=trials),
    ]
    splits = {part: SPLIT | {"sha256": digest * 64} for part, digest in zip(DATA["splits"], "123", strict=True)}
    provenance = replace(provenance, commit="c" * 40, data=DATA | {"splits": splits})
    sync(store, provenance, contents, TEST)
    promote(store, provenance, Track(model="digits", margin=0.0), "accuracy", model_info, TEST)
    return store


def run_id(store: Store, kind: str) -> str:
    *_, first_run = runs.search(store, f"tags.kind = '{kind}'")
    return first_run.info.run_id


def log(name: str, value: float, step: int = 0) -> Callable[[Store], None]:
    return lambda store: store.client.log_metric(run_id(store, "model"), name, value, step=step)


def copy_search(store: Store) -> None:
    """Copy the run to another experiment, without its trials."""
    run = store.client.get_run(run_id(store, "search"))
    tags = run.data.tags | {"dvc.experiment": "other"}
    store.client.create_run(store.mlflow_experiment, run_name=run.info.run_name, tags=tags)


# The audit finds each of them before those that precede it in this list.
DAMAGES: list[tuple[Callable[[Store], object], str]] = [
    (lambda _: write_array("data/predictions/labels.npy", np.zeros(2, np.int32)), "test_accuracy in MLflow: 0.5, exp"),
    (log("test_loss", 0.4), "test_loss in MLflow: 0.4, expected: 0.5"),
    (
        lambda store: store.client.delete_logged_model(find_logged_model(store, run_id(store, "model")).model_id),
        "a model in MLflow: False",
    ),
    (
        lambda _: write_text("reports/figures/mlp-confusion.png", ""),
        "figures in MLflow: ['mlp-training.png'], expected",
    ),
    (lambda store: store.client.delete_tag(run_id(store, "model"), "data"), "tags in MLflow: ['complete', 'dvc.stage'"),
    (log("loss", 0.6, step=2), "loss in MLflow: [(1, 0.5), (2, 0.5), (2, 0.6)], expected: [(1, 0.5), (2, 0.5)]"),
    (
        lambda store: store.client.set_terminated(run_id(store, "model"), "KILLED"),
        "mlp baseline, seed 1: status in MLflow: KILLED (completed), expected: FINISHED (completed)",
    ),
    (
        lambda store: store.client.set_tag(run_id(store, "trial"), "status", "failed"),
        "status in MLflow: FINISHED (failed), expected: FINISHED (pruned)",
    ),
    (copy_search, "mlp search, seed 1: trials in MLflow: 0, expected: 1"),
    (copy_search, "mlp search, seed 1: runs in MLflow: 2, expected: 1"),
    (lambda store: store.client.delete_run(run_id(store, "trial")), "MLflow lacks 1 of 3 results; run `dvc repro`"),
]


def test_equal_values_are_counted_and_differences_are_errors(tracked: Store) -> None:
    counts = {"model": 1, "search": 1, "trial": 1, "points": 10, "trials": 1, "equal_metrics": 5}
    assert audit() == counts | {"champion": 0.5}
    tracked.client.create_run(tracked.mlflow_experiment)
    tracked.client.create_run(tracked.mlflow_experiment, tags={"fingerprint": "earlier"})
    assert audit() == counts | {"champion": 0.5}
    for damage, message in DAMAGES:
        damage(tracked)
        assert message in error_message(audit)


def test_results_of_an_earlier_version_are_an_error_in_one_line(tracked: Store) -> None:
    table = Path("reports/models.csv")
    table.write_text(table.read_text().replace("held_out_corruptions_accuracy", "unseen_accuracy"))
    former, current = '"validation_hard_accuracy"', '"validation_corrupted_accuracy"'
    for file in (Path("models/mlp-baseline/1.json"), Path("models/mlp-search.json")):
        file.write_text(file.read_text().replace(current, former))
    assert "models.csv lacks held_out_corruptions_accuracy: an earlier version wrote it" in error_message(audit)


def test_without_results_the_command_fails_in_one_line_and_creates_no_store(project: Path) -> None:
    process = run_module("digits.tracking.audit", cwd=project, DVC_ROOT=str(project))
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith("audit: error: models holds no results; ")
    assert process.stderr.count("\n") == 1
    assert not (project / ".mlflow").exists()


def test_a_server_that_does_not_answer_is_an_error_in_one_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:secret@{HOST}:{free_port()}")
    write_json("models/mlp-baseline/1.json", MODEL | {"epochs": EPOCHS})
    with pytest.raises(SystemExit, match=rf"^audit: error: MLflow at http://{HOST}:\d+ cannot be read \(") as error:
        module.main()
    assert "secret" not in str(error.value)
