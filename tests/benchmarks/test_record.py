from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from benchmarks import record
from benchmarks.record import OVERLAY, dvc_overrides
from digits.config.load import validate
from digits.core.files import write_text
from stages.check import params_class
from tests.conftest import ROOT


def test_nested_parameters_become_dvc_overrides() -> None:
    tree = {"train": {"epochs": 30}, "tune": {"mlp": {"rungs": [2, 8], "space": {"schedule": ["cosine", "constant"]}}}}
    assert list(dvc_overrides(tree)) == [
        "++train.epochs=30",
        "++tune.mlp.rungs=[2,8]",
        "++tune.mlp.space.schedule=['cosine','constant']",
    ]


def test_the_records_parameters_are_valid() -> None:
    validate(params_class(), merge(load_yaml(ROOT / "params.yaml"), load_yaml(ROOT / OVERLAY)))


def load_yaml(file: Path) -> dict:
    return YAML(typ="safe").load(file)


def merge(base: dict, overlay: dict) -> dict:
    merged = deepcopy(base)
    for key, value in overlay.items():
        merged[key] = merge(merged[key], value) if isinstance(value, dict) else value
    return merged


def test_predictions_are_averaged_over_all_shifts_by_up_to_a_pixel() -> None:
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    middle = record.average_over_shifts(lambda images: images[:, 1, 1].astype(float), image)
    assert middle == image.mean()  # each pixel was in the middle once
    corner = record.average_over_shifts(lambda images: images[:, 0, 0].astype(float), image)
    assert corner == np.mean([0, 0, 1, 0, 0, 1, 3, 3, 4])  # edge pixels are repeated


def test_the_table_has_each_family_and_its_ensemble(untrained_project: Path, tensorflow_started: None) -> None:
    write_text("reports/models.csv", "family,variant,seed,multiply_adds\nmlp,tuned,1,10\n")
    head, _, table_row = record.shifts_table().splitlines()
    assert head == "| Mean of 9 shifts | Test accuracy | Loss | Calibration error | Multiply-adds |"
    models = pd.DataFrame({"seed": [1, 1], "multiply_adds": [10, 10]})
    [name, accuracy, *_, cost], ensemble_row = record.family_rows("mlp", models)
    ensemble_name, ensemble_accuracy, *_, ensemble_cost = ensemble_row
    assert (name, cost) == ("mlp tuned", "90")
    assert (ensemble_name, ensemble_cost) == ("mlp tuned ensemble", "180")
    assert accuracy.replace(" ± 0.00", "") == ensemble_accuracy
    assert table_row.startswith(f"| mlp tuned | {ensemble_accuracy} |")
