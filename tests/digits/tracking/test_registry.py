"""Who is champion: real models in a real registry, on made-up images of two classes."""

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
from digits.tracking.registry import EvaluationSet, champion_of, promote
from digits.tracking.store import Store
from tests.digits.tracking.conftest import CLASSES

IMAGES = np.repeat(np.array([0, 255], np.uint8), 50).reshape(100, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
LABELS = np.repeat([0, 1], 50)
TEST = EvaluationSet(IMAGES, CLASSES, LABELS, "made up")
TRACK = Track(model="digits", margin=0.05)


def trained(store: Store, provenance: Provenance, name: str) -> RunInfo:
    """A model that gives the dark images their class, and if it is the good one, also the bright ones."""
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    bright = 1.0 if name == "good" else -1.0
    model.set_weights([np.array([[0.0, bright]] * 16), np.array([0.5, 0.0])])
    path = Path(f"models/{name}/1.keras")
    save(model, path)
    info = RunInfo(name, "model", name * 4, f"train@{name}", name, {}, {"family": name})
    run = runs.begin(store, provenance, info)
    registry.log_model(store, run.info.run_id, path, TEST)
    return info


def test_the_first_winner_is_champion_and_gives_names_and_probabilities(store: Store, provenance: Provenance) -> None:
    good = trained(store, provenance, "good")
    assert "for there was none" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    answers = mlflow.pyfunc.load_model("models:/digits@champion").predict(IMAGES)
    assert list(answers.columns) == ["class", "p_dark", "p_bright"]
    assert (answers["class"] == np.array(CLASSES)[LABELS]).all()
    np.testing.assert_allclose(answers["p_dark"] + answers["p_bright"], 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("names", "margin", "source", "champion", "why"),
    [
        (("good", "bad"), 0.05, "made up", "good", "does not become champion: objective (accuracy) 0.5000 against 1.0"),
        (("bad", "good"), 0.05, "made up", "good", "becomes champion: objective (accuracy) 1.0000 against 0.5000 of"),
        (("bad", "good"), 0.6, "made up", "bad", "a lead of 0.6 is needed (track.margin)"),
        (("bad", "good"), 0.05, "others", "bad", "not compared with champion 1, which is for made up"),
    ],
)
def test_a_winner_takes_the_alias_if_it_leads_by_the_margin_on_the_same_images_and_says_why(
    store: Store, provenance: Provenance, names: tuple[str, str], margin: float, source: str, champion: str, why: str
) -> None:
    first, second = (trained(store, provenance, name) for name in names)
    promote(store, provenance, TRACK, "accuracy", first, TEST)
    track, test = Track(model="digits", margin=margin), replace(TEST, source=source)
    assert why in promote(store, provenance, track, "accuracy", second, test)
    assert why in store.client.get_model_version("digits", "2").description
    assert champion_of(store, "digits").tags["family"] == champion


def test_an_alias_that_somebody_removed_or_moved_is_decided_on_again(store: Store, provenance: Provenance) -> None:
    bad, good = trained(store, provenance, "bad"), trained(store, provenance, "good")
    promote(store, provenance, TRACK, "accuracy", bad, TEST)
    store.client.delete_registered_model_alias("digits", "champion")
    assert "becomes champion, for there was none" in promote(store, provenance, TRACK, "accuracy", bad, TEST)
    assert champion_of(store, "digits").tags["family"] == "bad"
    promote(store, provenance, TRACK, "accuracy", good, TEST)
    store.client.set_registered_model_alias("digits", "champion", "1")
    assert "becomes champion: objective" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    assert champion_of(store, "digits").tags["family"] == "good"


def test_deciding_again_registers_nothing_and_scores_nothing_but_with_another_margin(
    store: Store, provenance: Provenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = trained(store, provenance, "good"), trained(store, provenance, "bad")
    strict = Track(model="digits", margin=0.6)
    said = [promote(store, provenance, strict, "accuracy", each, TEST) for each in (bad, good)]
    with monkeypatch.context() as unable:
        unable.delattr(registry, "score")
        assert promote(store, provenance, strict, "accuracy", good, TEST) == said[1]
        assert "stays champion" in promote(store, provenance, strict, "accuracy", bad, TEST)
    assert "becomes champion" in promote(store, provenance, TRACK, "accuracy", good, TEST)
    assert len(store.client.search_model_versions("name = 'digits'")) == 2


@pytest.mark.parametrize("named", [True, False])
def test_a_model_of_another_project_is_refused(store: Store, provenance: Provenance, named: bool) -> None:
    trained(store, provenance, "theirs")
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
