import shutil
from pathlib import Path

import numpy as np
import pytest

from digits.common.errors import UserError
from digits.common.files import read_json, write_json
from digits.common.paths import history_file
from digits.export import metadata, writing
from digits.export.metadata import Metadata
from digits.inference import predictor
from tests.drawings import DIGITS, MNIST
from tests.images import stripes


def test_a_model_goes_by_its_variant_its_family_and_variant_or_its_whole_name(among_drawers):
    scores = {name: read_json(history_file(name))["epochs"][-1] for name in ("mlp-tuned-1", "cnn-tuned-1")}
    best = max(scores, key=lambda name: (scores[name]["validation_accuracy"], -scores[name]["validation_loss"]))
    assert predictor.best("tuned") == best
    assert predictor.best("cnn-baseline") == predictor.best("cnn-baseline-1") == "cnn-baseline-1"


@pytest.mark.parametrize("seed", [2, 3])
def test_of_several_seeds_the_best_on_validation_images_answers(project, seed):
    for number in (1, 2, 3):
        write_json(
            history_file(f"cnn-tuned-{number}"),
            {"epochs": [{"validation_accuracy": 0.9 + 0.05 * (number == seed), "validation_loss": 0.1}]},
        )
        Path(f"models/cnn-tuned-{number}.keras").touch()
    assert predictor.best("cnn-tuned") == f"cnn-tuned-{seed}"


def test_every_export_answers_as_the_model_it_was_made_from(among_drawers, tmp_path):
    images = np.load("data/predictions/images.npy")
    wanted = np.load("data/predictions/cnn-tuned-1.npy")
    writing.write(
        Path("models/cnn-tuned-1.keras"), tmp_path / "cnn", Metadata(model="m", classes=DIGITS, placing=MNIST)
    )
    for path in (
        Path("models/cnn-tuned-1.keras"),
        *map((tmp_path / "cnn").joinpath, ("model.keras", "model.h5", "saved_model")),
    ):
        found = predictor.find(str(path))
        assert (found.about.classes, found.about.placing) == (tuple(DIGITS), MNIST)
        np.testing.assert_allclose(found.load()(images), wanted, atol=1e-5)


def test_an_export_needs_nothing_else_of_the_project(among_drawers, tmp_path, monkeypatch):
    writing.write(
        Path("models/mlp-tuned-1.keras"), tmp_path / "mlp", Metadata(model="m", classes=DIGITS, placing=MNIST)
    )
    images = np.load("data/predictions/images.npy")
    shutil.copy("params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert predictor.find("mlp/model.keras").load()(images).shape == (100, 10)


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("best", r"there is no model best; known are tuned, baseline, cnn-tuned and the like, a \.keras or \.h5 file"),
        ("none.keras", r"none\.keras does not exist; a model is tuned, baseline"),
        ("model.weights.h5", r"model\.weights\.h5 holds weights and no network; the \.keras file beside it holds both"),
        ("empty", r"empty is no SavedModel, for it holds no saved_model\.pb"),
        ("text.keras", r"text\.keras does not say what it is"),
        ("models:/digits@nobody", r"models:/digits@nobody cannot be loaded from MLflow at \S+mlflow \("),
    ],
)
def test_what_is_no_model_is_refused(drawers, tmp_path, monkeypatch, which, message):
    shutil.copy(drawers / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    Path("empty").mkdir()
    Path("model.weights.h5").touch()
    Path("text.keras").write_text("hello")
    with pytest.raises(UserError, match=message):
        predictor.find(which).load()


def test_a_model_that_is_missing_says_how_to_get_it(project):
    with pytest.raises(UserError, match=r"models/\w+-tuned-1\.keras is missing; `make repro` trains it, `dvc pull`"):
        predictor.find("tuned")


def test_a_model_for_other_images_is_refused(among_drawers, tmp_path):
    other = MNIST.model_copy(update={"shape": stripes(1).images.shape[1:], "kind": "picture"})
    path = tmp_path / "model.keras"
    shutil.copy("models/mlp-tuned-1.keras", path)
    metadata.write(path, Metadata(model="m", classes=DIGITS, placing=other))
    with pytest.raises(UserError, match=r"m does not take images of 12 × 10 × 3, as they are here"):
        predictor.find(str(path)).load()


def test_a_model_with_other_classes_is_refused(among_drawers, tmp_path):
    path = tmp_path / "model.keras"
    shutil.copy("models/mlp-tuned-1.keras", path)
    metadata.write(path, Metadata(model="m", classes=("cat", "dog"), placing=MNIST))
    with pytest.raises(UserError, match="m tells 10 classes apart, and there are 2 here"):
        predictor.find(str(path)).load()
