"""metadata.json, in folders without a model."""

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


@pytest.mark.parametrize("file", [export_format.file for export_format in FORMATS])
def test_metadata_applies_to_every_file_of_its_folder(tmp_path: Path, file: str) -> None:
    write_metadata(tmp_path, METADATA)
    assert read_metadata(tmp_path / file) == METADATA
    (tmp_path / file).mkdir()  # a SavedModel is a folder
    assert read_metadata(tmp_path / file) == METADATA


def test_metadata_may_be_missing(tmp_path: Path) -> None:
    assert read_metadata(tmp_path / "model.keras") is None


def test_the_file_is_readable_text(tmp_path: Path) -> None:
    write_metadata(tmp_path, METADATA)
    text = (tmp_path / "metadata.json").read_text(encoding="utf-8")
    assert json.loads(text) == VALID
    assert '  "model": "cnn-tuned-3",\n' in text
    assert "süß" in text


def json_with_shape(*shape: int) -> str:
    return json.dumps(VALID | {"preprocessing": VALID["preprocessing"] | {"shape": shape}})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid JSON: EOF"),
        (TEXT[:-1], "Invalid JSON: EOF"),
        ("[]", "Input should be an object"),
        ('"\xff"', "Invalid JSON: invalid unicode"),
        (json.dumps({"model": "cnn"}), "classes: Field required"),
        (json.dumps(VALID | {"placing": {}}), "placing: Extra inputs"),
        (json.dumps(VALID | {"classes": "0"}), "classes: Input should be a valid array"),
        (json_with_shape(28, 28), "preprocessing: shape: 2: Field required"),
        (json_with_shape(0, 28, 1), "preprocessing: shape: 0: Input should be greater than 0"),
        (json_with_shape(28, 28, 4), "preprocessing: shape: 2: Input should be 1 or 3"),
    ],
)
def test_a_damaged_file_is_a_one_line_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "metadata.json"
    path.write_text(text, encoding="latin-1")
    message = error_message(read_metadata, tmp_path / "saved_model")
    assert message.startswith(f"{path} cannot be read")
    assert f"({reason}" in message
    assert "`dvc repro --force export`" in message


def test_a_folder_named_metadata_json_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").mkdir()
    assert "(Is a directory)" in error_message(read_metadata, tmp_path / "model.h5")
