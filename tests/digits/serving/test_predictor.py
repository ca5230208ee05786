import shutil
from pathlib import Path

import numpy as np
import pytest

from digits.core.errors import UserError
from digits.core.files import read_json, write_json
from digits.core.paths import history_file, model_file
from digits.evaluation import objective
from digits.export.metadata import Metadata, write_metadata
from digits.serving import predictor
from tests.drawings import DIGITS
from tests.images import MNIST
from tests.trained import export

METADATA = {"model": "m", "classes": tuple(DIGITS), "preprocessing": MNIST}
ALL_FILES = pytest.mark.parametrize("file", ["model.keras", "model.h5", "saved_model", "model.tflite"])


@pytest.fixture(scope="module")
def exported(drawing_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export and params.yaml, and no other files of the project."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copy(drawing_project / "params.yaml", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(drawing_project)
        export("cnn-tuned-1", folder / "cnn", METADATA)
    return folder


def test_short_names_resolve_to_the_best_matching_model(in_drawing_project):
    scores = {
        name: objective.score(read_json(history_file(name))["epochs"][-1], "balanced")
        for name in ("mlp-tuned-1", "cnn-tuned-1")
    }
    assert predictor.resolve_name("tuned") == max(scores, key=scores.get)
    assert predictor.resolve_name("cnn-baseline") == predictor.resolve_name("cnn-baseline-1") == "cnn-baseline-1"


@pytest.mark.parametrize("seed", [2, 3])
def test_the_seed_with_the_best_validation_score_is_chosen(project, seed):
    for candidate in (1, 2, 3):
        name = f"cnn-tuned-{candidate}"
        metrics = {"accuracy": 0.9 + 0.05 * (candidate == seed), "loss": 0.1, "corrupted_accuracy": 0.9}
        write_json(
            history_file(name), {"epochs": [{f"validation_{metric}": value for metric, value in metrics.items()}]}
        )
        model_file(name).touch()
    assert predictor.resolve_name("cnn-tuned") == f"cnn-tuned-{seed}"


@pytest.fixture
def assert_matches_model(in_drawing_project):
    images, expected = (np.load(f"data/predictions/{name}.npy") for name in ("images", "cnn-tuned-1"))
    return lambda source: np.testing.assert_allclose(source.load()(images), expected, atol=1e-5)


def test_a_model_of_the_project_reproduces_the_stored_predictions(assert_matches_model):
    assert_matches_model(predictor.find("cnn-tuned"))


@ALL_FILES
def test_an_export_needs_no_other_files_of_the_project(assert_matches_model, exported, monkeypatch, file):
    monkeypatch.chdir(exported)
    source = predictor.find(f"cnn/{file}")
    assert source.metadata == Metadata(**METADATA)
    assert_matches_model(source)


@ALL_FILES
def test_a_file_without_metadata_gets_that_of_the_project(assert_matches_model, exported, tmp_path, file):
    copy = shutil.copytree if file == "saved_model" else shutil.copy
    path = copy(exported / "cnn" / file, tmp_path / file)
    source = predictor.find(str(path))
    assert source.metadata == Metadata(model=str(path), classes=tuple(DIGITS), preprocessing=MNIST)
    assert_matches_model(source)


@pytest.mark.parametrize("fraction", [0.02, 0.5])
def test_a_truncated_tflite_file_does_not_crash_the_process(in_drawing_project, exported, tmp_path, fraction):
    content, truncated = (exported / "cnn/model.tflite").read_bytes(), tmp_path / "truncated.tflite"
    truncated.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(UserError, match=r"truncated\.tflite cannot be loaded as a model"):
        predictor.find(str(truncated)).load()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("best", "unknown model 'best'; use tuned, baseline"),
        ("none.keras", r"none\.keras does not exist"),
        ("model.weights.h5", r"model\.weights\.h5 contains only weights"),
        ("empty", r"empty is not a SavedModel: it contains no saved_model\.pb"),
        ("broken", r"broken cannot be loaded as a model .+`dvc repro`"),
        ("text.keras", r"text\.keras cannot be loaded as a model"),
        ("damaged/model.keras", r"damaged/metadata\.json cannot be read .+`dvc repro --force export`"),
        ("models:/digits@nobody", r"models:/digits@nobody cannot be loaded from MLflow at \S+mlflow"),
        ("tuned", r"models/\w+-tuned/1\.keras is missing; run `make repro`"),
    ],
)
def test_invalid_models_are_rejected(in_drawing_project, exported, tmp_path, monkeypatch, model, message):
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
        predictor.find(model).load()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (np.zeros(1), "m does not return one probability per class"),
        (np.full((1, 10), 5.0), "m does not return probabilities that add up to 1"),
        (np.full((1, 10), np.nan), "m does not return probabilities"),
    ],
)
def test_a_model_that_returns_no_probabilities_is_rejected(output, message):
    with pytest.raises(UserError, match=message):
        predictor.validate(lambda _: output, Metadata(**METADATA))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"preprocessing": MNIST.model_copy(update={"shape": (12, 10, 3), "kind": "image"})},
            "does not take images of 12 × 10 × 3",
        ),
        ({"classes": ("cat", "dog")}, "m predicts 10 classes, but 2 class names"),
    ],
)
def test_a_model_that_contradicts_its_metadata_is_rejected(in_drawing_project, tmp_path, changes, message):
    path = tmp_path / "model.keras"
    shutil.copy(model_file("mlp-tuned-1"), path)
    write_metadata(tmp_path, Metadata(**METADATA | changes))
    with pytest.raises(UserError, match=message):
        predictor.find(str(path)).load()
