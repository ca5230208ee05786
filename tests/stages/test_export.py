"""The export stage as DVC runs it, on untrained models of both families."""

import json
from pathlib import Path

import numpy as np

from digits.core.files import write_array
from digits.export.formats import FORMATS
from digits.export.metadata import read_metadata
from stages import export
from tests.conftest import error_message
from tests.trained import BEST, METADATA


def test_the_best_model_of_each_family_is_exported_reproducibly(untrained_project, stage):
    process = stage("export")
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout.startswith("export: exports: mlp-tuned-1, cnn-baseline-1;")
    report = json.loads(Path("reports/export.json").read_text())
    for family, name in BEST.items():
        assert (report[family]["model"], report[family]["images"]) == (name, 40)
        assert set(report[family]["formats"]) == {export_format.file for export_format in FORMATS}
        for entry in report[family]["formats"].values():
            assert round(entry["largest_difference"], 6) == entry["largest_difference"] <= entry["tolerance"]
            assert entry["bytes"] > 1000
            assert Path(entry["path"]).exists()
        assert read_metadata(Path(f"exports/{family}/model.keras")) == METADATA.model_copy(update={"model": name})

    first = read_files()
    assert stage("export").returncode == 0
    second = read_files()
    assert [path for path in first | second if first.get(path) != second.get(path)] == []


def test_a_failed_export_changes_no_files(untrained_project, tensorflow_started, capfd):
    write_array("exports/cnn/earlier.npy", np.zeros(1))
    predictions = Path("data/predictions/cnn-baseline-1.npy")
    write_array(predictions, np.roll(np.load(predictions), 1, axis=1))
    before = read_files()
    message = error_message(export.main)
    assert message.startswith("the export cnn/model.keras does not match cnn-baseline-1")
    assert "`dvc repro --force evaluate`" in message
    assert "Traceback" not in capfd.readouterr().err
    assert read_files() == before


def read_files():
    return {path: path.read_bytes() for path in Path().glob("*/**/*") if path.is_file()}
