from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from benchmarks import record
from benchmarks.record import OVERLAY, settings
from digits.config.load import validate
from digits.core.files import write_text
from stages.check import params_model
from tests.conftest import ROOT

LOAD = YAML(typ="safe").load


def test_differences_are_given_as_dvc_takes_them() -> None:
    tree = {"train": {"epochs": 30}, "tune": {"mlp": {"rungs": [2, 8], "space": {"schedule": ["cosine", "constant"]}}}}
    assert list(settings(tree)) == [
        "++train.epochs=30",
        "++tune.mlp.rungs=[2,8]",
        "++tune.mlp.space.schedule=['cosine','constant']",
    ]


def test_the_records_parameters_are_valid() -> None:
    validate(params_model(), merged(LOAD(ROOT / "params.yaml"), LOAD(ROOT / OVERLAY)))


def merged(below: dict, above: dict) -> dict:
    tree = deepcopy(below)
    for key, value in above.items():
        tree[key] = merged(tree[key], value) if isinstance(value, dict) else value
    return tree


def test_an_answer_is_the_mean_over_all_shifts_by_up_to_a_pixel() -> None:
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3, 1)
    middle = record.averaged(lambda images: images[:, 1, 1].astype(float), image)
    assert middle == image.mean()  # each pixel was in the middle once
    corner = record.averaged(lambda images: images[:, 0, 0].astype(float), image)
    assert corner == np.mean([0, 0, 1, 0, 0, 1, 3, 3, 4])  # the edge continues outwards


def test_the_table_has_each_family_and_its_ensemble(untrained_project: Path, tensorflow_started: None) -> None:
    write_text("reports/models.csv", "family,variant,seed,multiply_adds\nmlp,tuned,1,10\n")
    head, _, alone = record.shifts_table().splitlines()
    assert head == "| Mean of 9 shifts | Test accuracy | Loss | Calibration error | Multiply-adds |"
    twice = pd.DataFrame({"seed": [1, 1], "multiply_adds": [10, 10]})
    [each, accuracy, *_, cost], [together, same, *_, sum_of_costs] = record.of_family("mlp", twice)
    assert (each, cost, together, sum_of_costs) == ("mlp tuned", "90", "mlp tuned ensemble", "180")
    assert accuracy.replace(" ± 0.00", "") == same
    assert alone.startswith(f"| mlp tuned | {same} |")
