"""The sections of params.yaml, and the line for each type of error."""

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

from digits.config.load import validate
from digits.config.recipe import Recipe
from digits.config.schema import Range, Search, create_params_class, json_schema
from digits.core.errors import UserError
from digits.models import families
from digits.models.families.mlp import Hyperparameters as Mlp
from stages.check import params_class
from tests.conftest import ROOT, error_message

COMMITTED = (ROOT / "params.yaml").read_text()
PARAMETERS = YAML(typ="safe").load(COMMITTED)
ABSENT = object()
MLP_KEYS = ", ".join(sorted({*Recipe.model_fields, "batch_norm", "dropout", "layers", "units"}))


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    tree = deepcopy(PARAMETERS)
    for key, value in changes.items():
        *sections, last = key.split(".")
        section = reduce(getitem, sections, tree)
        if value is ABSENT:
            del section[last]
        else:
            section[last] = value
    return tree


def error_lines(changes: dict[str, Any]) -> list[str]:
    with pytest.raises(UserError) as error:
        validate(params_class(), changed(changes))
    lines = str(error.value).split("\n  ")
    assert all(line.startswith("params.yaml: ") for line in lines)
    return [line.removeprefix("params.yaml: ") for line in lines]


def test_parameters_are_immutable():
    with pytest.raises(ValidationError):
        validate(params_class(), changed({})).train.epochs = 3


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        # keys
        ("train.epoch", 5, 'train.epoch = 5: unknown key (did you mean "epochs"?); allowed: epochs'),
        ("models.mlp.unit", 9, f'models.mlp.unit = 9: unknown key (did you mean "units"?); allowed: {MLP_KEYS}'),
        ("models.rnn", {}, 'models.rnn = {}: unknown key (did you mean "cnn"?); allowed: ' + ", ".join(families.NAMES)),
        ("train.epochs", ABSENT, "train.epochs: missing"),
        ("models.cnn", ABSENT, "models.cnn: missing"),
        # numbers
        ("train.epochs", 2**70, f"train.epochs = {2**70}: must be less than or equal to 10000"),
        ("train.epochs", "a\nb", 'train.epochs = "a\\nb": must be a valid integer'),
        ("train.epochs", True, "train.epochs = true: must be a valid integer"),
        ("train.epochs", float("nan"), "train.epochs = NaN: must be a valid integer"),
        ("pool.workers", 0, "pool.workers = 0: must be greater than or equal to 1"),
        ("models.mlp.learning_rate", float("inf"), "models.mlp.learning_rate = Infinity: must be a finite"),
        # switches and choices
        ("runtime.onednn", "on", 'runtime.onednn = "on": must be a valid boolean'),
        ("runtime.instruction_set", "avx", "runtime.instruction_set = \"avx\": must be 'avx2' or 'native'"),
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
        # long values
        ("train.epochs", "x" * 99, f'train.epochs = "{"x" * 56}...: must be a valid integer'),
        ("train.epochs", {"x": "y" * 99}, "train.epochs = {...}: must be a valid integer"),
    ],
)  # fmt: skip
def test_an_error_line_has_the_key_its_value_and_what_is_allowed(key, value, line):
    [message] = error_lines({key: value})
    assert message.startswith(line)


def test_an_unknown_family_lists_all_families_and_the_nearest():
    [message] = error_lines({"families": ["cnn", "mlp2"]})
    assert message.startswith('families.1 = "mlp2": must be ')
    assert all(repr(name) in message for name in families.NAMES)
    assert message.endswith('(did you mean "mlp"?)')


def test_a_key_that_is_a_number_is_rejected():
    assert error_lines({"train": changed({})["train"] | {7: 5}}) == ["train.7 = 5: unknown key; allowed: epochs"]


# the space of a search


def validate_space(space: Any, recipe: Any = Mlp, rungs: tuple[int, ...] = (1,)) -> Any:
    return validate(Search[recipe], {"trials": 1, "rungs": rungs, "keep": 1.0, "space": space}, "tune.mlp").space


def test_choices_have_the_type_of_their_hyperparameter():
    """Keras Tuner requires it: 0 among floats becomes 0.0."""
    values = {"units": [64], "weight_decay": {"min": 0, "max": 0.5}, "batch_norm": [True], "dropout": [0, 0.1]}
    space = validate_space(values)
    assert list(space) == list(values)
    assert space.pop("weight_decay") == Range(min=0, max=0.5)
    assert space == {"units": (64,), "batch_norm": (True,), "dropout": (0, 0.1)}
    assert [type(choice) for choices in space.values() for choice in choices] == [int, bool, float, float]


@pytest.mark.parametrize(
    ("space", "line"),
    [
        ({"unit": [1]}, f'unit is unknown (did you mean "units"?); allowed: {MLP_KEYS}'),
        ({"kernel": [3]}, f"kernel is unknown; allowed: {MLP_KEYS}"),
        ({}, "must be a section of 1 or more"),
        ({"units": [0, 5]}, "units = 0 must be greater than or equal to 1"),
        ({"units": [True]}, "units = True must be a valid integer"),
        ({"dropout": {"min": 0, "max": 1}}, "dropout = 1 must be less than 1"),
        ({"optimizer": {"min": 1, "max": 2}}, "a list of choices for optimizer"),
    ],
)
def test_a_space_that_does_not_match_the_recipe_is_one_line(space, line):
    message = error_message(validate_space, space)
    assert message.startswith(f"params.yaml: tune.mlp.space = {json.dumps(space)}: ")
    assert line in message


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
def test_invalid_choices_and_ranges_are_one_line(values, line):
    assert error_message(validate_space, {"units": values}).startswith(f"params.yaml: tune.mlp.space.units{line}")


class UnionRecipe(Recipe):
    number: int | float


def test_choices_of_several_types_are_one_line():
    plan = {"trials": 2, "rungs": [1], "keep": 1.0, "space": {"number": [1, 0.5]}}
    with pytest.raises(UserError, match="must be a space with choices of one type for number"):
        validate(Search[UnionRecipe], plan)


@pytest.mark.parametrize("name", ["seeds", "copy"])
def test_a_family_with_a_reserved_name_is_rejected(name):
    with pytest.raises(UserError, match=f"^params.yaml: no family can be called {name}"):
        create_params_class({name: Recipe}, ["accuracy"])


NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)


@given(NUMBERS, NUMBERS)
def test_a_range_is_valid_if_the_recipe_allows_both_limits(low, high):
    space = {"weight_decay": {"min": low, "max": high}}
    if 0 <= low < high <= 1:
        assert validate_space(space)["weight_decay"] == Range(min=low, max=high)
    else:
        with pytest.raises(UserError, match="weight_decay"):
            validate_space(space)


@pytest.mark.parametrize("rungs", [[3, 1], [1, 1, 3]])
def test_rungs_must_increase(rungs):
    with pytest.raises(UserError, match=r"tune\.mlp\.rungs = \[.*\]: must be a list of increasing numbers"):
        validate_space({"units": [1, 2]}, rungs=rungs)


# editors


def test_the_first_line_of_params_yaml_names_the_schema():
    key, _, file = COMMITTED.splitlines()[0].removeprefix("# yaml-language-server: ").partition("=")
    assert key == "$schema"
    assert (ROOT / file).is_file()


def test_the_schema_has_all_keys_and_allows_no_others():
    schema = json_schema(params_class())
    definitions = schema["$defs"]
    assert set(schema["properties"]) == set(changed({})) == set(schema["required"])
    assert set(definitions["Models"]["properties"]) == set(families.NAMES)
    for name, section in {"Params": schema, **definitions}.items():
        assert section["additionalProperties"] is False, name
    assert definitions["Train"]["properties"]["epochs"]["maximum"] == 10_000
