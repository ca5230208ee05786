import shutil
from pathlib import Path

import numpy as np
import pytest

from digits.core.errors import UserError
from digits.core.files import read_json, write_json
from digits.core.paths import history_file, model_file
from digits.export.metadata import Metadata, write_metadata
from digits.serving import predictor
from tests.drawings import DIGITS
from tests.images import MNIST
from tests.trained import export

METADATA = {"model": "m", "classes": tuple(DIGITS), "preprocessing": MNIST}
EACH_FILE = pytest.mark.parametrize("file", ["model.keras", "model.h5", "saved_model", "model.tflite"])


@pytest.fixture(scope="module")
def exported(drawing_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With nothing of the project but params.yaml."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copy(drawing_project / "params.yaml", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(drawing_project)
        export("cnn-tuned-1", folder / "cnn", METADATA)
    return folder


def test_a_model_goes_by_its_variant_its_family_and_variant_or_its_whole_name(in_drawing_project):
    score = lambda name: score(read_json(history_file(name))["epochs"][-1], "balanced")  # noqa: E731
    assert predictor.best("tuned") == max(("mlp-tuned-1", "cnn-tuned-1"), key=score)
    assert predictor.best("cnn-baseline") == predictor.best("cnn-baseline-1") == "cnn-baseline-1"


@pytest.mark.parametrize("seed", [2, 3])
def test_of_several_seeds_the_best_on_validation_images_is_chosen(project, seed):
    for number in (1, 2, 3):
        name = f"cnn-tuned-{number}"
        epoch = {"accuracy": 0.9 + 0.05 * (number == seed), "loss": 0.1, "corrupted_accuracy": 0.9}
        write_json(history_file(name), {"epochs": [{f"validation_{key}": value for key, value in epoch.items()}]})
        model_file(name).touch()
    assert predictor.best("cnn-tuned") == f"cnn-tuned-{seed}"


@pytest.fixture
def predicts_as_the_model(in_drawing_project):
    images, expected = (np.load(f"data/predictions/{name}.npy") for name in ("images", "cnn-tuned-1"))
    return lambda model: np.testing.assert_allclose(model.load()(images), expected, atol=1e-5)


def test_a_model_of_the_project_predicts_as_evaluate_did(predicts_as_the_model):
    predicts_as_the_model(predictor.find("cnn-tuned"))


@EACH_FILE
def test_an_export_predicts_without_the_project(predicts_as_the_model, exported, monkeypatch, file):
    monkeypatch.chdir(exported)
    model = predictor.find(f"cnn/{file}")
    assert model.metadata == Metadata(**METADATA)
    predicts_as_the_model(model)


@EACH_FILE
def test_a_file_without_metadata_beside_it_takes_the_images_of_the_project(
    predicts_as_the_model, exported, tmp_path, file
):
    copy = shutil.copytree if file == "saved_model" else shutil.copy
    path = copy(exported / "cnn" / file, tmp_path / file)
    model = predictor.find(str(path))
    assert model.metadata == Metadata(model=str(path), classes=tuple(DIGITS), preprocessing=MNIST)
    predicts_as_the_model(model)


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_tflite_file_that_is_cut_short_does_not_end_the_process(in_drawing_project, exported, tmp_path, share):
    whole, cut = (exported / "cnn/model.tflite").read_bytes(), tmp_path / "cut.tflite"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UserError, match=r"cut\.tflite cannot be loaded as a model \("):
        predictor.find(str(cut)).load()


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("best", r"there is no model best; known are tuned, baseline, cnn-tuned"),
        ("none.keras", r"none\.keras does not exist"),
        ("model.weights.h5", r"model\.weights\.h5 holds only weights"),
        ("empty", r"empty is no SavedModel, for it holds no saved_model\.pb"),
        ("broken", r"broken cannot be loaded as a model \(.+\); .+`dvc repro"),
        ("text.keras", r"text\.keras cannot be loaded as a model \("),
        ("damaged/model.keras", r"damaged/metadata\.json cannot be read as .+; `dvc repro --force export` writes it"),
        ("models:/digits@nobody", r"models:/digits@nobody cannot be loaded from MLflow at \S+mlflow \("),
        ("tuned", r"models/\w+-tuned/1\.keras is missing; `make repro`"),
    ],
)
def test_what_is_not_a_model_is_refused(in_drawing_project, exported, tmp_path, monkeypatch, which, message):
    shutil.copy("params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    Path("empty").mkdir()
    shutil.copytree(exported / "cnn/saved_model", "broken")
    Path("broken/saved_model.pb").write_text("hello")
    Path("model.weights.h5").touch()
    Path("text.keras").write_text("hello")
    shutil.copy(exported / "cnn/metadata.json", ".")
    Path("damaged").mkdir()
    for file in ("model.keras", "metadata.json"):
        Path("damaged", file).write_text("hello")
    with pytest.raises(UserError, match=message):
        predictor.find(which).load()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros(1), "m does not give one probability for each class"),
        (np.full((1, 10), 5.0), "m does not give probabilities, which add up to 1"),
        (np.full((1, 10), np.nan), "m does not give probabilities"),
    ],
)
def test_what_gives_no_probabilities_is_refused(answer, message):
    with pytest.raises(UserError, match=message):
        predictor.checked(lambda _: answer, Metadata(**METADATA))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preprocessing": MNIST.model_copy(update={"shape": (12, 10, 3), "kind": "image"})}, "of 12 × 10 × 3"),
        ({"classes": ("cat", "dog")}, "m tells 10 classes apart, but 2 are named"),
    ],
)
def test_a_model_that_does_not_fit_its_metadata_is_refused(in_drawing_project, tmp_path, changes, message):
    path = tmp_path / "model.keras"
    shutil.copy(model_file("mlp-tuned-1"), path)
    write_metadata(tmp_path, Metadata(**METADATA | changes))
    with pytest.raises(UserError, match=message):
        predictor.find(str(path)).load()
