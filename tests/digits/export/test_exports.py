"""Models in every format, on made-up images: what they answer, what they tell, and what is wrong with broken ones."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from digits.common.errors import UserError
from digits.common.files import read_array
from digits.common.paths import PREDICTIONS, model_file
from digits.evaluation import predictions
from digits.export import exports, metadata, verify
from digits.export.metadata import Metadata
from digits.export.writing import write
from digits.inference.preprocessing import measure
from digits.params.schema import Runtime
from tests.conftest import ROOT
from tests.images import stripes
from tests.trained import BEST, NAMES, lay_out

CLASSES = tuple(NAMES)
MADE = Path("made")


def described(model: str) -> Metadata:
    return Metadata(model=model, classes=CLASSES, placing=measure(stripes(80).images))


@pytest.fixture(scope="module", autouse=True)
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("exports")
    shutil.copy(ROOT / "params.yaml", folder)
    with chdir(folder):
        lay_out()
        MADE.mkdir()
        for family, name in BEST.items():
            write(model_file(name), MADE / family, described(name))
        yield


@pytest.fixture(scope="module")
def of_another_model(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other") / "cnn"
    write(model_file("cnn-tuned-1"), folder, described("cnn-tuned-1"))
    return folder


@pytest.fixture(scope="module")
def of_other_classes(exported: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("turned") / "cnn"
    write(model_file(BEST["cnn"]), folder, described(BEST["cnn"]).model_copy(update={"classes": CLASSES[::-1]}))
    return folder


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    """An export to be broken."""
    return shutil.copytree(MADE / "cnn", tmp_path / "cnn")


def asked(path: Path, name: str = BEST["cnn"]) -> float:
    return exports.difference(path.name, name, verify.ask(path, read_array(PREDICTIONS / "images.npy")), CLASSES)


@pytest.mark.parametrize("file", verify.LOADED)
@pytest.mark.parametrize("family", BEST)
def test_each_format_answers_as_the_model_it_was_made_from(family: str, file: str) -> None:
    assert asked(MADE / family / file, BEST[family]) <= exports.TOLERANCE


@pytest.mark.parametrize("file", verify.LOADED)
@pytest.mark.parametrize("family", BEST)
def test_each_format_tells_model_classes_and_placing(family: str, file: str) -> None:
    assert metadata.read(MADE / family / file) == described(BEST[family])


def test_another_process_that_exported_something_else_before_writes_the_same_bytes(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        for family, name in reversed(BEST.items()):
            process.submit(write, model_file(name), tmp_path / family, described(name)).result()
    files = [path.relative_to(MADE) for path in MADE.rglob("*") if path.is_file()]
    assert len(files) == 2 * (3 + 4)
    assert [file for file in files if (MADE / file).read_bytes() != (tmp_path / file).read_bytes()] == []


def test_the_best_is_chosen_by_the_last_epoch_on_validation_images() -> None:
    assert {family: exports.winner(family, (1,)) for family in BEST} == BEST


@pytest.mark.parametrize(
    ("file", "other"),
    [
        ("model.h5", "model.h5"),
        ("model.keras", "model.keras"),
        ("model.weights.h5", "model.weights.h5"),
        ("saved_model/variables", "saved_model/variables"),
    ],
)
def test_the_weights_of_another_model_are_found_out(cnn: Path, of_another_model: Path, file: str, other: str) -> None:
    shutil.rmtree(cnn / file, ignore_errors=True)
    copy = shutil.copytree if file == "saved_model/variables" else shutil.copy
    copy(of_another_model / other, cnn / file)
    with pytest.raises(UserError, match=r"does not answer as cnn-baseline-1 does: of 40 test images \d+ get another"):
        asked(cnn / file.split("/")[0])


@pytest.mark.parametrize("file", verify.LOADED)
def test_classes_in_another_order_are_found_out(of_other_classes: Path, file: str) -> None:
    with pytest.raises(UserError, match="of 40 test images 40 get another class"):
        asked(of_other_classes / file)


@pytest.mark.parametrize("file", ["model.keras", "model.h5", "model.weights.h5", "saved_model/saved_model.pb"])
def test_a_file_that_is_cut_short_is_one_line(cnn: Path, file: str) -> None:
    (cnn / file).write_bytes((cnn / file).read_bytes()[:5000])
    with pytest.raises(UserError, match=rf"the export cnn/{file.split('/')[0]} cannot be used \(.+\)"):
        asked(cnn / file.split("/")[0])


def test_a_probability_that_is_no_number_is_found_out() -> None:
    wanted = predictions.of_model(BEST["cnn"])
    broken = wanted.copy()
    broken[0, broken[0].argmin()] = np.nan
    given = verify.Answers(broken, np.array(CLASSES)[wanted.argmax(axis=1)])
    with pytest.raises(UserError, match="differs by nan"):
        exports.difference("cnn/model.h5", BEST["cnn"], given, CLASSES)


def test_answers_to_other_images_are_not_compared() -> None:
    given = verify.Answers(np.zeros((7, 4), np.float32), np.array(["north"] * 7))
    with pytest.raises(UserError, match=r"gives \(7, 4\) probabilities, and .+ holds \(40, 4\)"):
        exports.difference("cnn/model.h5", BEST["cnn"], given, CLASSES)


def test_a_process_that_dies_while_it_reloads_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "tell", os.kill)  # which fails at once, for these are no arguments of its
    with pytest.raises(UserError, match="the process that reloads the exports was killed"):
        exports.reloaded([MADE / "cnn"], Runtime(threads=1, onednn=True))


def test_a_model_that_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models/cnn-tuned-9\.keras cannot be read as a model"):
        write(model_file("cnn-tuned-9"), tmp_path / "cnn", described("cnn-tuned-9"))
