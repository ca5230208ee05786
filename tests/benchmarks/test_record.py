from copy import deepcopy

from ruamel.yaml import YAML

from benchmarks.record import OVERLAY, settings
from digits.params.load import check
from digits.params.schema import params
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
    check(params(), merged(LOAD(ROOT / "params.yaml"), LOAD(OVERLAY)))


def merged(below: dict, above: dict) -> dict:
    tree = deepcopy(below)
    for key, value in above.items():
        tree[key] = merged(tree[key], value) if isinstance(value, dict) else value
    return tree
