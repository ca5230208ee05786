"""MLflow compared with results: a real store in which one thing after the other is wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from digits.config.schema import Track
from digits.core.files import write_array, write_json, write_text
from digits.models import keras_file
from digits.tracking import audit as command
from digits.tracking import runs
from digits.tracking.audit import CURVES, METRICS, audit
from digits.tracking.provenance import Provenance, run_info
from digits.tracking.registry import EvaluationSet, logged_model, promote
from digits.tracking.store import Store
from digits.tracking.sync import RunRecord, sync
from tests.conftest import complaint, run_module
from tests.digits.tracking.conftest import CLASSES, DATA, MODEL, SEARCH, SPLIT, TRIAL
from tests.servers import HOST, free_port

EPOCHS = [{"epoch": number} | dict.fromkeys(CURVES, 0.5) for number in (1, 2)]
TEST = EvaluationSet(np.zeros((2, 4, 4, 1), np.uint8), CLASSES, np.array([0, 1], np.int32), "made up")


@pytest.fixture
def tracked(store: Store, provenance: Provenance) -> Store:
    """A model that is right for one of two images, and a search of one trial: in files and in MLflow."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.set_weights([np.zeros((16, 2)), np.array([1.0, 0.0])])
    file, figure = Path("models/mlp-baseline/1.keras"), Path("reports/figures/mlp-training.png")
    keras_file.save(model, file)
    trial = TRIAL | {"status": "pruned", "epochs": EPOCHS[:1]}
    write_json(file.with_suffix(".json"), MODEL | {"epochs": EPOCHS})
    write_json("models/mlp-search.json", {"family": "mlp", "searches": [SEARCH | {"trials": [trial]}]})
    write_text(
        "reports/models.csv", f"family,variant,seed,{','.join(METRICS)}\nmlp,baseline,1{',0.5' * len(METRICS)}\n"
    )
    write_text(figure, "")
    write_array("data/predictions/images.npy", TEST.images)
    write_array("data/predictions/labels.npy", TEST.labels)
    of_model, of_search = run_info(provenance, MODEL), run_info(provenance, SEARCH)
    metrics = dict.fromkeys(set(METRICS) - set(CURVES), 0.5)
    trials = [RunRecord(run_info(provenance, TRIAL, of_search), "pruned", EPOCHS[:1])]
    results = [
        RunRecord(of_model, "completed", EPOCHS, metrics, [figure], model=file),
        RunRecord(of_search, "completed", [], trials=trials),
    ]
    splits = {part: SPLIT | {"sha256": digest * 64} for part, digest in zip(DATA["splits"], "123", strict=True)}
    provenance = replace(provenance, commit="c" * 40, data=DATA | {"splits": splits})
    sync(store, provenance, results, TEST)
    promote(store, provenance, Track(model="digits", margin=0.0), "accuracy", of_model, TEST)
    return store


def run_id(store: Store, kind: str) -> str:
    *_, first = runs.search(store, f"tags.kind = '{kind}'")
    return first.info.run_id


def log(name: str, value: float, step: int = 0) -> Callable[[Store], None]:
    return lambda store: store.client.log_metric(run_id(store, "model"), name, value, step=step)


def copy_search(store: Store) -> None:
    """In another experiment, without its trials."""
    run = store.client.get_run(run_id(store, "search"))
    tags = run.data.tags | {"dvc.experiment": "other"}
    store.client.create_run(store.experiment, run_name=run.info.run_name, tags=tags)


# Each is found before those that precede it.
DAMAGES: list[tuple[Callable[[Store], object], str]] = [
    (lambda _: write_array("data/predictions/labels.npy", np.zeros(2, np.int32)), "test_accuracy in MLflow: 0.5, exp"),
    (log("test_loss", 0.4), "test_loss in MLflow: 0.4, expected: 0.5"),
    (
        lambda store: store.client.delete_logged_model(logged_model(store, run_id(store, "model")).model_id),
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
    (lambda store: store.client.delete_run(run_id(store, "trial")), "MLflow lacks 1 of 3 results; `dvc repro` adds"),
]


def test_what_is_equal_is_counted_and_what_differs_is_named(tracked: Store) -> None:
    counts = {"model": 1, "search": 1, "trial": 1, "points": 10, "trials": 1, "equal_metrics": 5}
    assert audit() == counts | {"champion": 0.5}
    tracked.client.create_run(tracked.experiment)
    tracked.client.create_run(tracked.experiment, tags={"fingerprint": "of an earlier result"})
    assert audit() == counts | {"champion": 0.5}
    for damage, message in DAMAGES:
        damage(tracked)
        assert message in complaint(audit)


def test_without_results_the_command_ends_with_one_line_and_makes_no_store(project: Path) -> None:
    done = run_module("digits.tracking.audit", cwd=project, DVC_ROOT=str(project))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "audit: error: models holds no results; `dvc repro` makes them\n"
    assert not (project / ".mlflow").exists()


def test_a_server_that_does_not_answer_is_an_error_in_one_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:secret@{HOST}:{free_port()}")
    write_json("models/mlp-baseline/1.json", MODEL | {"epochs": EPOCHS})
    with pytest.raises(SystemExit, match=rf"^audit: error: MLflow at http://{HOST}:\d+ cannot be read \(") as ended:
        command.main()
    assert "secret" not in str(ended.value)
