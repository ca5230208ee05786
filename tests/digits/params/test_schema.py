"""All of params.yaml: what it may hold, and the line for each thing that is wrong."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from digits.common.errors import UserError
from digits.params.load import check
from digits.params.schema import params, schema
from tests.conftest import ROOT

COMMITTED = (ROOT / "params.yaml").read_text()
PARAMETERS = YAML(typ="safe").load(COMMITTED)
GONE = object()
SECTIONS = "data, families, models, pool, prepare, runtime, seeds, track, train, tune"
OF_A_CNN = (
    "batch_norm, batch_size, blocks, convolutions, dense, dropout, filters, kernel, label_smoothing, learning_rate, "
    "optimizer, rotate, schedule, shear, shift, stem_stride, weight_decay, zoom"
)


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    tree = deepcopy(PARAMETERS)
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = tree
        for step in sections:
            section = section[step]
        if value is GONE:
            del section[last]
        else:
            section[last] = value
    return tree


def complaints(changes: dict[str, Any]) -> list[str]:
    with pytest.raises(UserError) as caught:
        check(params(), changed(changes))
    lines = str(caught.value).split("\n  ")
    assert all(line.startswith("params.yaml: ") for line in lines)
    return [line.removeprefix("params.yaml: ") for line in lines]


def test_the_committed_parameters_are_valid():
    check(params(), changed({}))


def test_what_was_accepted_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError):
        check(params(), changed({})).train.epochs = 3


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        # keys
        ("train.epoch", 5, 'train.epoch = 5: unknown key; did you mean "epochs"?; allowed: epochs'),
        ("train.x", 5, "train.x = 5: unknown key; allowed: epochs"),
        ("models.cnn.filter", 9, f'models.cnn.filter = 9: unknown key; did you mean "filters"?; allowed: {OF_A_CNN}'),
        ("models.rnn", {}, 'models.rnn = {}: unknown key; did you mean "cnn"?; allowed: cnn, mlp'),
        ("trian", {}, f'trian = {{}}: unknown key; did you mean "train"?; allowed: {SECTIONS}'),
        ("train.epochs", GONE, "train.epochs: missing; it must be there"),
        ("models.cnn", GONE, "models.cnn: missing; it must be there"),
        ("train", GONE, "train: missing; it must be there"),
        # sections
        ("train", None, "train = null: must be a section with keys"),
        ("train", 5, "train = 5: must be a section with keys"),
        ("models.mlp", [], "models.mlp = []: must be a section with keys"),
        # whole numbers
        ("train.epochs", 0, "train.epochs = 0: must be greater than or equal to 1"),
        ("train.epochs", 10_001, "train.epochs = 10001: must be less than or equal to 10000"),
        ("train.epochs", 2**70, f"train.epochs = {2**70}: must be less than or equal to 10000"),
        ("train.epochs", "ten", 'train.epochs = "ten": must be a valid integer'),
        ("train.epochs", "a\nb", 'train.epochs = "a\\nb": must be a valid integer'),
        ("train.epochs", True, "train.epochs = true: must be a valid integer"),
        ("train.epochs", 2.0, "train.epochs = 2.0: must be a valid integer"),
        ("train.epochs", None, "train.epochs = null: must be a valid integer"),
        ("train.epochs", float("nan"), "train.epochs = NaN: must be a valid integer"),
        ("runtime.threads", 0, "runtime.threads = 0: must be greater than or equal to 1"),
        ("pool.workers", 0, "pool.workers = 0: must be greater than or equal to 1"),
        ("pool.workers", "all", 'pool.workers = "all": must be a valid integer'),
        ("tune.seed", 0, "tune.seed = 0: must be greater than or equal to 1"),
        ("prepare.seed", 2**31, "prepare.seed = 2147483648: must be less than 2147483648"),
        # numbers
        ("prepare.validation_share", 0, "prepare.validation_share = 0: must be greater than 0"),
        ("prepare.validation_share", 1, "prepare.validation_share = 1: must be less than 1"),
        ("prepare.test_share", True, "prepare.test_share = true: must be a valid number"),
        ("prepare.test_share", "0.1", 'prepare.test_share = "0.1": must be a valid number'),
        ("prepare.share", 1.5, "prepare.share = 1.5: must be less than or equal to 1"),
        ("models.mlp.dropout", float("nan"), "models.mlp.dropout = NaN: must be a finite number"),
        ("models.mlp.learning_rate", float("inf"), "models.mlp.learning_rate = Infinity: must be a finite number"),
        ("models.mlp.learning_rate", 0, "models.mlp.learning_rate = 0: must be greater than 0"),
        # switches and choices
        ("runtime.onednn", "on", 'runtime.onednn = "on": must be a valid boolean'),
        ("models.mlp.batch_norm", 1, "models.mlp.batch_norm = 1: must be a valid boolean"),
        ("models.mlp.optimizer", "rmsprop", "models.mlp.optimizer = \"rmsprop\": must be 'adam' or 'sgd'"),
        (
            "models.mlp.optimizer",
            "Adam",
            "models.mlp.optimizer = \"Adam\": must be 'adam' or 'sgd'; did you mean \"adam\"?",
        ),
        ("models.cnn.kernel", 4, "models.cnn.kernel = 4: must be 3, 5 or 7"),
        ("models.cnn.kernel", "3", 'models.cnn.kernel = "3": must be 3, 5 or 7'),
        # lists
        ("families", ["cn"], "families.0 = \"cn\": must be 'cnn' or 'mlp'; did you mean \"cnn\"?"),
        ("families", ["cnn", "mlp2"], "families.1 = \"mlp2\": must be 'cnn' or 'mlp'; did you mean \"mlp\"?"),
        ("families", ["transformer"], "families.0 = \"transformer\": must be 'cnn' or 'mlp'"),
        ("families", "mlp", 'families = "mlp": must be a list'),
        ("families", [], "families = []: must be a list of 1 or more"),
        ("families", ["mlp", "mlp"], 'families = ["mlp", "mlp"]: must be a list in which nothing stands twice'),
        ("seeds", [], "seeds = []: must be a list of 1 or more"),
        ("seeds", 1, "seeds = 1: must be a list"),
        ("seeds", [1, 2, 1], "seeds = [1, 2, 1]: must be a list in which nothing stands twice"),
        ("seeds", [0], "seeds.0 = 0: must be greater than or equal to 1"),
        ("seeds", [1, True], "seeds.1 = true: must be a valid integer"),
        # texts
        ("data.source", "", 'data.source = "": must be a text of 1 or more characters'),
        ("data.source", None, "data.source = null: must be a valid string"),
        ("data.classes", "cat, dog", 'data.classes = "cat, dog": must be a list'),
        ("data.classes", ["cat"], 'data.classes = ["cat"]: must be a list of 2 or more'),
        ("data.classes", ["cat", 1], "data.classes.1 = 1: must be a valid string"),
        ("data.classes", ["cat", "cat"], 'data.classes = ["cat", "cat"]: must be a list in which nothing stands twice'),
        # what would fill the screen
        ("train.epochs", "x" * 99, f'train.epochs = "{"x" * 56}...: must be a valid integer'),
        ("train.epochs", {"x": "y" * 99}, "train.epochs = {...}: must be a valid integer"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line_with_what_stands_there_and_what_may(key, value, line):
    assert complaints({key: value}) == [line]


def test_a_key_that_is_no_text_is_named():
    assert complaints({"train": changed({})["train"] | {7: 5}}) == ["train.7 = 5: unknown key; allowed: epochs"]


def test_all_mistakes_are_said_at_once():
    changes = {
        "train.epochs": 0,
        "pool.workers": "x",
        "train.batches": 3,
        "seeds": ["1", 0],
        "models.mlp.units": GONE,
        "models.cnn.dense": GONE,
        "models.cnn.blocks": GONE,
        "tune.mlp.space.unit": [1, 2],
        "tune.cnn.space.kernel": [3, 4],
    }
    lines = complaints(changes)
    assert {line.split(" ")[0].strip(":") for line in lines} == {
        "train.epochs",
        "pool.workers",
        "train.batches",
        "seeds.0",
        "seeds.1",
        "models.mlp.units",
        "models.cnn.dense",
        "models.cnn.blocks",
        "tune.mlp.space",
        "tune.cnn.space",
    }
    assert len(lines) == 10


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 10_000))
def test_every_number_of_epochs_from_1_to_10000_is_accepted(epochs):
    assert check(params(), changed({"train.epochs": epochs})).train.epochs == epochs


@settings(deadline=None, max_examples=40)
@given(st.integers(max_value=0) | st.integers(min_value=10_001))
def test_every_other_number_of_epochs_is_refused(epochs):
    (line,) = complaints({"train.epochs": epochs})
    assert "than or equal to" in line


@pytest.mark.parametrize("section", ["data", "models", "tune"])
@settings(deadline=None, max_examples=15)
@given(value=st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)))
def test_a_section_is_never_anything_else(section, value):
    assert complaints({section: value})[0].endswith("must be a section with keys")


# editors


def test_the_schema_in_docs_is_the_one_the_code_gives():
    assert json.loads((ROOT / "docs/params.schema.json").read_text()) == schema(), "`python -m stages.check` writes it"


def test_the_first_line_of_the_parameters_leads_editors_to_the_schema():
    key, _, file = COMMITTED.splitlines()[0].removeprefix("# yaml-language-server: ").partition("=")
    assert key == "$schema"
    assert (ROOT / file).is_file()


def test_the_schema_knows_every_key_and_refuses_others():
    definitions = schema()["$defs"]
    whole = schema()
    assert set(whole["properties"]) == set(changed({})) == set(whole["required"])
    for name, section in {"Params": whole, **definitions}.items():
        assert section["additionalProperties"] is False, name
    assert set(definitions["digits__families__cnn__Hyperparameters"]["properties"]) == set(changed({})["models"]["cnn"])
    assert definitions["Train"]["properties"]["epochs"]["maximum"] == 10_000
