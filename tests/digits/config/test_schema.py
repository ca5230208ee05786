"""All of params.yaml: what it may hold, and the line for each kind of mistake."""

import json
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from digits.config.load import check
from digits.config.recipe import Recipe
from digits.config.schema import Range, Search, json_schema, params_model
from digits.core.errors import UserError
from digits.models import families
from digits.models.families.mlp import Hyperparameters as Mlp
from stages.check import params
from tests.conftest import ROOT, error_message

COMMITTED = (ROOT / "params.yaml").read_text()
PARAMETERS = YAML(typ="safe").load(COMMITTED)
GONE = object()
OF_AN_MLP = ", ".join(sorted({*Recipe.model_fields, "batch_norm", "dropout", "layers", "units"}))


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    tree = deepcopy(PARAMETERS)
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = reduce(getitem, sections, tree)
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


def test_what_was_accepted_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError):
        check(params(), changed({})).train.epochs = 3


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        # keys
        ("train.epoch", 5, 'train.epoch = 5: unknown key (did you mean "epochs"?); allowed: epochs'),
        ("models.mlp.unit", 9, f'models.mlp.unit = 9: unknown key (did you mean "units"?); allowed: {OF_AN_MLP}'),
        ("models.rnn", {}, 'models.rnn = {}: unknown key (did you mean "cnn"?); allowed: ' + ", ".join(families.NAMES)),
        ("train.epochs", GONE, "train.epochs: missing"),
        ("models.cnn", GONE, "models.cnn: missing"),
        # numbers
        ("train.epochs", 2**70, f"train.epochs = {2**70}: must be less than or equal to 10000"),
        ("train.epochs", "a\nb", 'train.epochs = "a\\nb": must be a valid integer'),
        ("train.epochs", True, "train.epochs = true: must be a valid integer"),
        ("train.epochs", float("nan"), "train.epochs = NaN: must be a valid integer"),
        ("pool.workers", 0, "pool.workers = 0: must be greater than or equal to 1"),
        ("models.mlp.learning_rate", float("inf"), "models.mlp.learning_rate = Infinity: must be a finite"),
        # switches and choices
        ("runtime.onednn", "on", 'runtime.onednn = "on": must be a valid boolean'),
        ("models.mlp.schedule", "x", "models.mlp.schedule = \"x\": must be 'constant', 'cosine' or 'one_cycle'"),
        # lists
        ("families", "mlp", 'families = "mlp": must be a list'),
        ("seeds", [], "seeds = []: must be a list of 1 or more"),
        ("seeds", [1, 2, 1], "seeds = [1, 2, 1]: must be a list without duplicates"),
        # texts
        ("data.source", "", 'data.source = "": must be a text of 1 or more'),
        ("data.size", 513, "data.size = 513: must be less than or equal to 512"),
        ("data.classes", ["cat", 1], "data.classes.1 = 1: must be a valid string"),
        ("data.classes", ["cat", "a\nb"], 'data.classes.1 = "a\\nb": must be printable'),
        ("data.classes", ["cat", "cat "], 'data.classes.1 = "cat ": must be printable, and neither empty nor with '),
        # what would fill the screen
        ("train.epochs", "x" * 99, f'train.epochs = "{"x" * 56}...: must be a valid integer'),
        ("train.epochs", {"x": "y" * 99}, "train.epochs = {...}: must be a valid integer"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line_with_what_stands_there_and_what_may(key, value, line):
    [said] = complaints({key: value})
    assert said.startswith(line)


def test_an_unknown_family_is_answered_with_all_and_the_nearest():
    [said] = complaints({"families": ["cnn", "mlp2"]})
    assert said.startswith('families.1 = "mlp2": must be ')
    assert all(repr(name) in said for name in families.NAMES)
    assert said.endswith('(did you mean "mlp"?)')


def test_a_key_that_is_no_text_is_named():
    assert complaints({"train": changed({})["train"] | {7: 5}}) == ["train.7 = 5: unknown key; allowed: epochs"]


# the space of a search


def searched(space: Any, recipe: Any = Mlp, rungs: tuple[int, ...] = (1,)) -> Any:
    return check(Search[recipe], {"trials": 1, "rungs": rungs, "keep": 1.0, "space": space}, "tune.own").space


def test_choices_are_kept_in_the_type_of_their_hyperparameter_and_ranges_as_they_stand():
    """As Keras Tuner takes them: 0 among fractions is one."""
    given = {"units": [64], "weight_decay": {"min": 0, "max": 0.5}, "batch_norm": [True], "dropout": [0, 0.1]}
    space = searched(given)
    assert list(space) == list(given)
    assert space.pop("weight_decay") == Range(min=0, max=0.5)
    assert space == {"units": (64,), "batch_norm": (True,), "dropout": (0, 0.1)}
    assert [type(value) for values in space.values() for value in values] == [int, bool, float, float]


@pytest.mark.parametrize(
    ("space", "line"),
    [
        ({"unit": [1]}, f'unit is none (did you mean "units"?); allowed: {OF_AN_MLP}'),
        ({"kernel": [3]}, f"kernel is none; allowed: {OF_AN_MLP}"),
        ({}, "must be a section of 1 or more"),
        ({"units": [0, 5]}, "units = 0 must be greater than or equal to 1"),
        ({"units": [True]}, "units = True must be a valid integer"),
        ({"dropout": {"min": 0, "max": 1}}, "dropout = 1 must be less than 1"),
        ({"optimizer": {"min": 1, "max": 2}}, "a list of choices for optimizer"),
    ],
)
def test_a_space_that_does_not_fit_the_recipe_is_one_line(space, line):
    said = error_message(searched, space)
    assert said.startswith(f"params.yaml: tune.own.space = {json.dumps(space)}: ")
    assert line in said


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], " = []: must be a list of 1 or more"),
        (64, " = 64: must be a list"),
        ([64, None], ".1 = null: must be a valid boolean or a valid integer or "),
        ({"min": 1, "max": 1}, ' = {"min": 1, "max": 1}: must be a range whose min is below its max'),
        ({"min": 0, "max": 5, "log": True}, ' = {"min": 0, "max": 5, "log": true}: must be a range above 0'),
        ({"min": 10}, ".max: missing"),
        ({"min": 1, "max": 9, "step": 2}, ".step = 2: unknown key; allowed: log, max, min"),
        ({"min": "0", "max": 5}, '.min = "0": must be a valid integer or a valid number'),
    ],
)
def test_values_that_are_neither_choices_nor_a_range_are_one_line(values, line):
    assert error_message(searched, {"units": values}).startswith(f"params.yaml: tune.own.space.units{line}")


class Undecided(Recipe):
    either: int | float


def test_choices_of_several_types_are_one_line():
    plan = {"trials": 2, "rungs": [1], "keep": 1.0, "space": {"either": [1, 0.5]}}
    with pytest.raises(UserError, match="must be a space with choices of one type for either, as Keras Tuner takes th"):
        check(Search[Undecided], plan)


@pytest.mark.parametrize("name", ["seeds", "copy"])
def test_a_family_may_not_take_the_name_of_something_else(name):
    with pytest.raises(UserError, match=f"^params.yaml: no family can be called {name}"):
        params_model({name: Recipe}, ["accuracy"])


NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)


@given(NUMBERS, NUMBERS)
def test_a_range_is_accepted_where_the_recipe_takes_both_ends_in_this_order(low, high):
    space = {"weight_decay": {"min": low, "max": high}}
    if 0 <= low < high <= 1:
        assert searched(space)["weight_decay"] == Range(min=low, max=high)
    else:
        with pytest.raises(UserError, match="weight_decay"):
            searched(space)


@pytest.mark.parametrize("rungs", [[3, 1], [1, 1, 3]])
def test_rungs_rise(rungs):
    with pytest.raises(UserError, match=r"tune\.own\.rungs = \[.*\]: must be a list of increasing numbers"):
        searched({"units": [1, 2]}, rungs=rungs)


# editors


def test_the_first_line_of_the_parameters_leads_editors_to_the_schema():
    key, _, file = COMMITTED.splitlines()[0].removeprefix("# yaml-language-server: ").partition("=")
    assert key == "$schema"
    assert (ROOT / file).is_file()


def test_the_schema_knows_every_key_and_refuses_others():
    whole = json_schema(params())
    definitions = whole["$defs"]
    assert set(whole["properties"]) == set(changed({})) == set(whole["required"])
    assert set(definitions["Models"]["properties"]) == set(families.NAMES)
    for name, section in {"Params": whole, **definitions}.items():
        assert section["additionalProperties"] is False, name
    assert definitions["Train"]["properties"]["epochs"]["maximum"] == 10_000
