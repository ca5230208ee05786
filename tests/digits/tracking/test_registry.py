"""Choose a champion among real models in a real registry, on made-up images of two classes."""

from dataclasses import replace
from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from digits.config.schema import Track
from digits.core.errors import UserError
from digits.core.paths import CLASSES as CLASSES_FILE
from digits.models.keras_file import save
from digits.tracking import registry, runs
from digits.tracking.provenance import Provenance, RunInfo
from digits.tracking.registry import EvaluationSet, find_champion, promote
from digits.tracking.store import Store
from tests.digits.tracking.conftest import CLASSES

IMAGES = np.repeat(np.array([0, 255], np.uint8), 50).reshape(100, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
LABELS = np.repeat([0, 1], 50)
TEST = EvaluationSet(IMAGES, CLASSES, LABELS, "made up")
TRACK = Track(model="digits", margin=0.05)

pytestmark = pytest.mark.usefixtures("tensorflow_started")


def log_model(store: Store, provenance: Provenance, name: str) -> RunInfo:
    """Log a model that classifies dark images correctly; the model named good also bright images."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    bright = 1.0 if name == "good" else -1.0
    model.set_weights([np.array([[0.0, bright]] * 16), np.array([0.5, 0.0])])
    path = Path(f"models/{name}/1.keras")
    save(model, path)
    info = RunInfo(name, "model", name * 4, f"train@{name}", name, {}, {"family": name})
    run = runs.start(store, provenance, info)
    registry.log_model(store, run.info.run_id, path, TEST)
    return info


def test_the_first_candidate_is_champion_and_predicts_names_and_probabilities(
    store: Store, provenance: Provenance
) -> None:
    good = log_model(store, provenance, "good")
    assert "becomes champion: there was none" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    predictions = mlflow.pyfunc.load_model("models:/digits@champion").predict(IMAGES)
    assert list(predictions.columns) == ["class", "p_dark", "p_bright"]
    assert (predictions["class"] == np.array(CLASSES)[LABELS]).all()
    np.testing.assert_allclose(predictions["p_dark"] + predictions["p_bright"], 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("names", "margin", "source", "champion", "reason"),
    [
        (("good", "bad"), 0.05, "made up", "good", "does not become champion: objective (accuracy) 0.5000 against 1.0"),
        (("bad", "good"), 0.05, "made up", "good", "becomes champion: objective (accuracy) 1.0000 against 0.5000 of"),
        (("bad", "good"), 0.6, "made up", "bad", "the lead must be at least 0.6 (track.margin)"),
        (("bad", "good"), 0.05, "others", "bad", "not compared with champion 1, a model for made up"),
    ],
)
def test_a_candidate_that_leads_by_the_margin_on_the_same_images_becomes_champion(
    store: Store, provenance: Provenance, names: tuple[str, str], margin: float, source: str, champion: str, reason: str
) -> None:
    first, second = (log_model(store, provenance, name) for name in names)
    promote(store, provenance, TRACK, "accuracy", first, TEST)
    track, test = Track(model="digits", margin=margin), replace(TEST, source=source)
    assert reason in promote(store, provenance, track, "accuracy", second, test)
    assert reason in store.client.get_model_version("digits", "2").description
    assert find_champion(store, "digits").tags["family"] == champion


def test_a_removed_or_moved_alias_is_decided_again(store: Store, provenance: Provenance) -> None:
    bad, good = log_model(store, provenance, "bad"), log_model(store, provenance, "good")
    promote(store, provenance, TRACK, "accuracy", bad, TEST)
    store.client.delete_registered_model_alias("digits", "champion")
    assert "becomes champion: there was none" in promote(store, provenance, TRACK, "accuracy", bad, TEST)
    assert find_champion(store, "digits").tags["family"] == "bad"
    promote(store, provenance, TRACK, "accuracy", good, TEST)
    store.client.set_registered_model_alias("digits", "champion", "1")
    assert "becomes champion: objective" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    assert find_champion(store, "digits").tags["family"] == "good"


def test_the_same_decision_is_not_made_twice(
    store: Store, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = log_model(store, provenance, "good"), log_model(store, provenance, "bad")
    strict = Track(model="digits", margin=0.6)
    decisions = [promote(store, provenance, strict, "accuracy", info, TEST) for info in (bad, good)]
    with monkeypatch.context() as patch:
        patch.delattr(registry, "score")
        assert promote(store, provenance, strict, "accuracy", good, TEST) == decisions[1]
        assert "stays champion" in promote(store, provenance, strict, "accuracy", bad, TEST)
    assert "becomes champion" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    assert len(store.client.search_model_versions("name = 'digits'")) == 2


@pytest.mark.parametrize("has_names", [True, False])
def test_a_model_of_another_project_is_rejected(store: Store, provenance: Provenance, has_names: bool) -> None:
    log_model(store, provenance, "other")
    outputs = Schema([ColSpec("float", "score")]) if has_names else Schema([TensorSpec(np.dtype(np.float32), (-1, 2))])
    mlflow.pyfunc.save_model(
        "other",
        python_model=registry.PYFUNC_MODEL,
        artifacts={"model": "models/other/1.keras", "classes": str(CLASSES_FILE)},
        signature=ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, 4, 4, 1))]), outputs),
        input_example=IMAGES[:1],
        pip_requirements=[],  # without it, MLflow infers them in another process
    )
    with pytest.raises(UserError, match=r"other cannot be loaded from MLflow at .+ \(its output lacks columns p_…"):
        registry.load_classifier(str(Path("other").resolve()))
