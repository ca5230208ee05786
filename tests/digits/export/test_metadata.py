"""metadata.json, on folders that hold no model."""

import json
from pathlib import Path

import pytest

from digits.export.formats import FORMATS
from digits.export.metadata import Metadata, read_metadata, write_metadata
from tests.conftest import error_message
from tests.images import MNIST

METADATA = Metadata(model="cnn-tuned-3", classes=("0", "süß", "日"), preprocessing=MNIST)
VALID = METADATA.model_dump(mode="json")
TEXT = json.dumps(VALID)


@pytest.mark.parametrize("file", [each.file for each in FORMATS])
def test_metadata_is_read_for_each_file_of_the_folder(tmp_path: Path, file: str) -> None:
    write_metadata(tmp_path, METADATA)
    assert read_metadata(tmp_path / file) == METADATA
    (tmp_path / file).mkdir()  # a SavedModel is a folder
    assert read_metadata(tmp_path / file) == METADATA


def test_a_folder_without_metadata_json_has_none(tmp_path: Path) -> None:
    assert read_metadata(tmp_path / "model.keras") is None


def test_the_file_is_for_people_too(tmp_path: Path) -> None:
    write_metadata(tmp_path, METADATA)
    text = (tmp_path / "metadata.json").read_text(encoding="utf-8")
    assert json.loads(text) == VALID
    assert '  "model": "cnn-tuned-3",\n' in text
    assert "süß" in text


def shaped(*shape: int) -> str:
    return json.dumps(VALID | {"preprocessing": VALID["preprocessing"] | {"shape": shape}})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Invalid JSON: EOF"),
        (TEXT[:-1], "Invalid JSON: EOF"),
        ("[]", "Input should be an object"),
        ('"\xff"', "Invalid JSON: invalid unicode"),
        (json.dumps({"model": "cnn"}), "classes: Field required"),
        (json.dumps(VALID | {"placing": {}}), "placing: Extra inputs"),
        (json.dumps(VALID | {"classes": "0"}), "classes: Input should be a valid array"),
        (shaped(28, 28), "preprocessing: shape: 2: Field required"),
        (shaped(0, 28, 1), "preprocessing: shape: 0: Input should be greater than 0"),
        (shaped(28, 28, 4), "preprocessing: shape: 2: Input should be 1 or 3"),
    ],
)
def test_a_damaged_file_is_a_one_line_error(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "metadata.json"
    path.write_text(text, encoding="latin-1")
    message = error_message(read_metadata, tmp_path / "saved_model")
    assert message.startswith(f"{path} cannot be read as a model's metadata ({why}")
    assert "`dvc repro --force export`" in message


def test_a_folder_of_that_name_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").mkdir()
    assert "(Is a directory)" in error_message(read_metadata, tmp_path / "model.h5")
