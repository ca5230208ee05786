"""Who is champion: real models in a real registry, on made-up images of two classes."""

from pathlib import Path

import keras
import mlflow
import numpy as np
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from digits.common.errors import UserError
from digits.common.paths import CLASSES as CLASSES_FILE
from digits.models.keras_file import save
from digits.params.schema import Track
from digits.tracking import registry, runs
from digits.tracking.provenance import Provenance, RunInfo
from digits.tracking.registry import EvaluationSet, champion_of, promote
from digits.tracking.store import Store
from tests.digits.tracking.conftest import CLASSES

IMAGES = np.repeat(np.array([0, 255], np.uint8), 50).reshape(100, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
LABELS = np.repeat([0, 1], 50)
TEST = EvaluationSet(IMAGES, CLASSES, LABELS, "made up")
TRACK = Track(model="digits", margin=0.05)


def trained(store: Store, provenance: Provenance, name: str, right: int) -> RunInfo:
    """A model that gives `right` of the 100 images their class: the dark ones all, the bright ones by position."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    bright = 1.0 if right == 100 else -1.0
    model.set_weights([np.array([[0.0, bright]] * 16), np.array([0.5, 0.0])])
    path = Path(f"models/{name}/1.keras")
    save(model, path)
    info = RunInfo(name, "model", name * 4, f"train@{name}", name, {}, {"family": name})
    run = runs.begin(store, provenance, info)
    registry.log_model(store, run.info.run_id, path, TEST)
    return info


def test_the_first_winner_is_champion_and_gives_names_and_probabilities(store: Store, provenance: Provenance) -> None:
    assert "for there was none" in promote(
        store, provenance, TRACK, "accuracy", trained(store, provenance, "good", 100), TEST
    )
    answers = mlflow.pyfunc.load_model("models:/digits@champion").predict(IMAGES)
    assert list(answers.columns) == ["class", "p_dark", "p_bright"]
    assert (answers["class"] == np.array(CLASSES)[LABELS]).all()
    np.testing.assert_allclose(answers["p_dark"] + answers["p_bright"], 1, rtol=1e-5)


def test_a_worse_model_does_not_take_the_alias_and_its_version_says_why(store: Store, provenance: Provenance) -> None:
    promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "good", 100), TEST)
    promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "bad", 50), TEST)
    assert champion_of(store, "digits").tags["family"] == "good"
    version = store.client.get_model_version("digits", "2")
    assert "does not become champion: objective (accuracy) 0.5000 against 1.0000 of champion 1" in version.description


def test_a_better_model_takes_the_alias(store: Store, provenance: Provenance) -> None:
    promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "bad", 50), TEST)
    promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "good", 100), TEST)
    assert champion_of(store, "digits").tags["family"] == "good"


def test_a_model_that_is_better_by_less_than_the_margin_does_not_take_the_alias(
    store: Store, provenance: Provenance
) -> None:
    strict, good = Track(model="digits", margin=0.6), trained(store, provenance, "good", 100)
    promote(store, provenance, strict, "accuracy", trained(store, provenance, "bad", 50), TEST)
    promote(store, provenance, strict, "accuracy", good, TEST)
    assert champion_of(store, "digits").tags["family"] == "bad"
    promote(store, provenance, TRACK, "accuracy", good, TEST)  # with another margin, it is decided anew
    assert champion_of(store, "digits").tags["family"] == "good"


def test_a_winner_for_other_images_is_not_compared(store: Store, provenance: Provenance) -> None:
    promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "bad", 50), TEST)
    other = EvaluationSet(IMAGES, CLASSES, LABELS, "others")
    said = promote(store, provenance, TRACK, "accuracy", trained(store, provenance, "good", 100), other)
    assert "not compared with champion 1, which is for made up" in said
    assert champion_of(store, "digits").tags["family"] == "bad"


def test_deciding_again_registers_nothing_and_scores_nothing(
    store: Store, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = trained(store, provenance, "good", 100), trained(store, provenance, "bad", 50)
    said = [promote(store, provenance, TRACK, "accuracy", each, TEST) for each in (good, bad)]
    monkeypatch.delattr(registry, "score")
    assert promote(store, provenance, TRACK, "accuracy", bad, TEST) == said[1]
    assert "stays champion" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    assert len(store.client.search_model_versions("name = 'digits'")) == 2


@pytest.mark.parametrize("named", [True, False])
def test_a_model_of_another_project_is_refused(store: Store, provenance: Provenance, named: bool) -> None:
    trained(store, provenance, "theirs", 100)
    outputs = Schema([ColSpec("float", "score")]) if named else Schema([TensorSpec(np.dtype(np.float32), (-1, 2))])
    mlflow.pyfunc.save_model(
        "theirs",
        python_model=registry.PYFUNC_MODEL,
        artifacts={"model": "models/theirs/1.keras", "classes": str(CLASSES_FILE)},
        signature=ModelSignature(Schema([TensorSpec(np.dtype(np.uint8), (-1, 4, 4, 1))]), outputs),
        input_example=IMAGES[:1],
        pip_requirements=[],  # else MLflow looks for them, in a process of its own
    )
    with pytest.raises(UserError, match=r"theirs cannot be loaded from MLflow at .+ \(it gives no columns p_…"):
        registry.load(str(Path("theirs").resolve()))
