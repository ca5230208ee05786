"""Exports in every format, valid and broken, compared with their models on synthetic images."""

import multiprocessing
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from digits.config.schema import Runtime
from digits.core.errors import UserError
from digits.core.files import read_array, write_array
from digits.core.paths import PREDICTIONS
from digits.export import verify
from digits.export.formats import FORMATS, Format, FormatOutput
from tests.trained import BEST, NAMES, export

CLASSES = tuple(NAMES)
EXPORTED = Path("exported")
SETTINGS = Runtime(threads=1, onednn=True, instruction_set="avx2")
ALL_FORMATS = pytest.mark.parametrize("export_format", FORMATS, ids=lambda export_format: export_format.file)


@pytest.fixture(scope="module", autouse=True)
def exported(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with chdir(shutil.copytree(untrained, tmp_path_factory.mktemp("exports") / "project")):
        EXPORTED.mkdir()
        for family, name in BEST.items():
            export(name, EXPORTED / family)
        yield


@pytest.fixture(scope="module")
def other_model(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export("cnn-tuned-1", tmp_path_factory.mktemp("other") / "cnn")


@pytest.fixture(scope="module")
def permuted_classes(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(BEST["cnn"], tmp_path_factory.mktemp("permuted") / "cnn", {"classes": (*CLASSES[1:], CLASSES[0])})


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    """A copy of an export, for a test to break."""
    return shutil.copytree(EXPORTED / "cnn", tmp_path / "cnn")


def max_difference(path: Path, name: str = BEST["cnn"]) -> float:
    [export_format] = [candidate for candidate in FORMATS if candidate.file == path.name]
    output = verify.predict_images(export_format, path, read_array(PREDICTIONS / "images.npy"))
    return verify.compare(path.name, name, output, CLASSES, export_format.tolerance)


@ALL_FORMATS
@pytest.mark.parametrize("family", BEST)
def test_each_format_matches_its_model(family: str, export_format: Format) -> None:
    path = EXPORTED / family / export_format.file
    assert max_difference(path, BEST[family]) <= export_format.tolerance


@pytest.mark.parametrize(
    "file", [*(export_format.file for export_format in FORMATS[:3]), "saved_model/variables", "model.tflite"]
)
def test_weights_of_another_model_are_an_error(cnn: Path, other_model: Path, file: str) -> None:
    shutil.rmtree(cnn / file, ignore_errors=True)
    copy = shutil.copytree if file == "saved_model/variables" else shutil.copy
    copy(other_model / file, cnn / file)
    with pytest.raises(UserError, match=r"does not match cnn-baseline-1: \d+ of 40 test images get a different class"):
        max_difference(cnn / file.split("/")[0])


@ALL_FORMATS
def test_permuted_classes_are_an_error(permuted_classes: Path, export_format: Format) -> None:
    with pytest.raises(UserError, match="40 of 40 test images"):
        max_difference(permuted_classes / export_format.file)


@pytest.mark.parametrize("file", ["model.keras", "model.h5", "model.weights.h5", "saved_model/saved_model.pb"])
def test_a_truncated_file_is_a_one_line_error(cnn: Path, file: str) -> None:
    (cnn / file).write_bytes((cnn / file).read_bytes()[:5000])
    with pytest.raises(UserError, match=rf"the export cnn/{file.split('/')[0]} cannot be used \(.+\)"):
        max_difference(cnn / file.split("/")[0])


def test_a_nan_probability_is_an_error() -> None:
    expected = read_array(PREDICTIONS / f"{BEST['cnn']}.npy")
    broken = expected.copy()
    broken[0, broken[0].argmin()] = np.nan
    output = FormatOutput(broken, np.array(CLASSES)[expected.argmax(axis=1)])
    with pytest.raises(UserError, match="differ by up to nan"):
        verify.compare("cnn/model.h5", BEST["cnn"], output, CLASSES, 1e-5)


def test_either_of_two_equally_likely_classes_may_be_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PREDICTIONS", tmp_path)
    write_array(tmp_path / "even.npy", np.array([[0.4, 0.4 + 1e-8, 0.1, 0.1]], np.float64))
    output = FormatOutput(np.array([[0.4 + 1e-8, 0.4, 0.1, 0.1]]), np.array(CLASSES[:1]))
    assert verify.compare("cnn/model.h5", "even", output, CLASSES, 1e-5) < 2e-8
    for wrong_class in (CLASSES[2], "nowhere"):
        wrong_output = output._replace(predicted_classes=np.array([wrong_class]))
        with pytest.raises(UserError, match="1 of 1 test images"):
            verify.compare("cnn/model.h5", "even", wrong_output, CLASSES, 1e-5)


def test_predictions_of_another_shape_are_an_error() -> None:
    output = FormatOutput(np.zeros((7, 4), np.float32), np.array(["north"] * 7))
    with pytest.raises(UserError, match=r"shape \(7, 4\), but .+ has shape \(40, 4\)"):
        verify.compare("cnn/model.h5", BEST["cnn"], output, CLASSES, 1e-5)


def test_a_killed_checking_process_is_a_one_line_error() -> None:
    with verify.checking_process(SETTINGS) as check:
        [process] = multiprocessing.active_children()
        process.kill()
        with pytest.raises(UserError, match="process that loads the exports was killed"):
            check(EXPORTED, {"cnn": BEST["cnn"]}, CLASSES)


def test_the_checking_process_ends_with_its_parent(tensorflow_started: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # keep Ctrl-C working in this process
    parent_end, child_end = multiprocessing.Pipe()
    parent_end.close()
    verify.serve_one_call(child_end, SETTINGS)


@pytest.mark.parametrize("family", BEST)
def test_graphs_contain_no_operation_whose_result_differs_between_processors(family: str) -> None:
    graph = (
        SavedModel.FromString((EXPORTED / family / "saved_model/saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    )
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    operations = {node.op for node in nodes}
    assert "MatMul" in operations
    assert not {"Rsqrt", "Reciprocal", "Inv"} & operations
