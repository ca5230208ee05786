"""Models in every format, on made-up images: what they predict, and what is wrong with broken ones."""

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
MADE = Path("made")
MACHINE = Runtime(threads=1, onednn=True)
EACH_FORMAT = pytest.mark.parametrize("export_format", FORMATS, ids=lambda each: each.file)


@pytest.fixture(scope="module", autouse=True)
def exported(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with chdir(shutil.copytree(untrained, tmp_path_factory.mktemp("exports") / "project")):
        MADE.mkdir()
        for family, name in BEST.items():
            export(name, MADE / family)
        yield


@pytest.fixture(scope="module")
def other_model(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export("cnn-tuned-1", tmp_path_factory.mktemp("other") / "cnn")


@pytest.fixture(scope="module")
def other_classes(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(BEST["cnn"], tmp_path_factory.mktemp("turned") / "cnn", {"classes": (*CLASSES[1:], CLASSES[0])})


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    """An export to be broken."""
    return shutil.copytree(MADE / "cnn", tmp_path / "cnn")


def difference(path: Path, name: str = BEST["cnn"]) -> float:
    [export_format] = [each for each in FORMATS if each.file == path.name]
    output = verify.output(export_format, path, read_array(PREDICTIONS / "images.npy"))
    return verify.difference(path.name, name, output, CLASSES, export_format.tolerance)


@EACH_FORMAT
@pytest.mark.parametrize("family", BEST)
def test_each_format_predicts_as_its_model(family: str, export_format: Format) -> None:
    path = MADE / family / export_format.file
    assert difference(path, BEST[family]) <= export_format.tolerance


@pytest.mark.parametrize("file", [*(each.file for each in FORMATS[:3]), "saved_model/variables", "model.tflite"])
def test_weights_of_another_model_are_an_error(cnn: Path, other_model: Path, file: str) -> None:
    shutil.rmtree(cnn / file, ignore_errors=True)
    copy = shutil.copytree if file == "saved_model/variables" else shutil.copy
    copy(other_model / file, cnn / file)
    with pytest.raises(UserError, match=r"does not predict as cnn-baseline-1 does: of 40 test images \d+ get another"):
        difference(cnn / file.split("/")[0])


@EACH_FORMAT
def test_classes_in_another_order_are_an_error(other_classes: Path, export_format: Format) -> None:
    with pytest.raises(UserError, match="of 40 test images 40 get another class"):
        difference(other_classes / export_format.file)


@pytest.mark.parametrize("file", ["model.keras", "model.h5", "model.weights.h5", "saved_model/saved_model.pb"])
def test_a_truncated_file_is_a_one_line_error(cnn: Path, file: str) -> None:
    (cnn / file).write_bytes((cnn / file).read_bytes()[:5000])
    with pytest.raises(UserError, match=rf"the export cnn/{file.split('/')[0]} cannot be used \(.+\)"):
        difference(cnn / file.split("/")[0])


def test_a_probability_that_is_nan_is_an_error() -> None:
    expected = read_array(PREDICTIONS / f"{BEST['cnn']}.npy")
    broken = expected.copy()
    broken[0, broken[0].argmin()] = np.nan
    output = FormatOutput(broken, np.array(CLASSES)[expected.argmax(axis=1)])
    with pytest.raises(UserError, match="differs by nan"):
        verify.difference("cnn/model.h5", BEST["cnn"], output, CLASSES, 1e-5)


def test_of_two_classes_that_are_as_likely_either_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PREDICTIONS", tmp_path)
    write_array(tmp_path / "even.npy", np.array([[0.4, 0.4 + 1e-8, 0.1, 0.1]], np.float64))
    output = FormatOutput(np.array([[0.4 + 1e-8, 0.4, 0.1, 0.1]]), np.array(CLASSES[:1]))
    assert verify.difference("cnn/model.h5", "even", output, CLASSES, 1e-5) < 2e-8
    for unlikely in (CLASSES[2], "nowhere"):
        with pytest.raises(UserError, match="of 1 test images 1 get another class"):
            verify.difference("cnn/model.h5", "even", output._replace(classes=np.array([unlikely])), CLASSES, 1e-5)


def test_predictions_of_other_images_are_not_compared() -> None:
    output = FormatOutput(np.zeros((7, 4), np.float32), np.array(["north"] * 7))
    with pytest.raises(UserError, match=r"gives \(7, 4\) probabilities, but .+ holds \(40, 4\)"):
        verify.difference("cnn/model.h5", BEST["cnn"], output, CLASSES, 1e-5)


def test_a_checking_process_that_is_killed_is_a_one_line_error() -> None:
    with verify.process(MACHINE) as check:
        [process] = multiprocessing.active_children()
        process.kill()
        with pytest.raises(UserError, match="the process that reloads the exports was killed"):
            check(MADE, {"cnn": BEST["cnn"]}, CLASSES)


def test_the_checking_process_ends_when_nobody_calls_it_any_more(
    tensorflow_started: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # this process shall still hear Ctrl-C
    ours, theirs = multiprocessing.Pipe()
    ours.close()
    verify.serve(theirs, MACHINE)


@pytest.mark.parametrize("family", BEST)
def test_nothing_is_left_in_a_graph_of_what_processors_of_each_maker_estimate_their_own_way(family: str) -> None:
    graph = SavedModel.FromString((MADE / family / "saved_model/saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    found = {node.op for part in (graph.node, *(each.node_def for each in graph.library.function)) for node in part}
    assert "MatMul" in found
    assert not {"Rsqrt", "Reciprocal", "Inv"} & found
