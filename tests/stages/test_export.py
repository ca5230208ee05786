"""The stage as DVC runs it, on models of both families that nobody trained."""

import json
from pathlib import Path

import numpy as np

from digits.core.files import write_array
from digits.export.formats import FORMATS
from digits.export.metadata import read_metadata
from tests.trained import BEST, METADATA


def test_the_best_of_each_family_is_exported_as_the_same_bytes_each_time(untrained_project, stage):
    done = stage("export")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("export: exports: mlp-tuned-1, cnn-baseline-1; each format predicts as the model")
    report = json.loads(Path("reports/export.json").read_text())
    for family, name in BEST.items():
        assert (report[family]["model"], report[family]["images"]) == (name, 40)
        assert set(report[family]["formats"]) == {each.file for each in FORMATS}
        for each in report[family]["formats"].values():
            assert round(each["largest_difference"], 6) == each["largest_difference"] <= each["tolerance"]
            assert each["bytes"] > 1000
            assert Path(each["path"]).exists()
        assert read_metadata(Path(f"exports/{family}/model.keras")) == METADATA.model_copy(update={"model": name})

    first = contents()
    assert stage("export").returncode == 0
    second = contents()
    assert [path for path in first | second if first.get(path) != second.get(path)] == []


def test_a_wrong_export_replaces_nothing(untrained_project, stage):
    write_array("exports/cnn/earlier.npy", np.zeros(1))
    answers = Path("data/predictions/cnn-baseline-1.npy")
    write_array(answers, np.roll(np.load(answers), 1, axis=1))
    before = contents()
    done = stage("export")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("export: error: the export cnn/model.keras does not predict as cnn-baseline-1 does")
    assert "`dvc repro --force evaluate`" in done.stderr
    assert done.stderr.count("\n") == 1
    assert contents() == before


def contents():
    return {path: path.read_bytes() for path in Path().glob("*/**/*") if path.is_file()}
