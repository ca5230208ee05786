"""Where to search: lists of choices and ranges, each within what the model takes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digits.common.errors import UserError
from digits.families.cnn import Hyperparameters as Cnn
from digits.families.mlp import Hyperparameters as Mlp
from digits.params.load import check
from digits.params.schema import Range, Search

OF_AN_MLP = (
    "batch_norm, batch_size, dropout, label_smoothing, layers, learning_rate, optimizer, rotate, schedule, shear, "
    "shift, units, weight_decay, zoom"
)
NOT_BOTH_WAYS = "for it has no values in between"


def searched(space: Any, recipe: Any = Mlp) -> Any:
    return check(Search[recipe], {"trials": 1, "rungs": [1], "keep": 1.0, "space": space}, "tune.own").space


def complaint(space: Any, recipe: Any = Mlp) -> str:
    with pytest.raises(UserError) as caught:
        searched(space, recipe)
    return str(caught.value).removeprefix("params.yaml: tune.own.")


def test_choices_and_ranges_are_kept_as_they_stand():
    space = searched({"units": [64, 128], "dropout": {"min": 0, "max": 0.5}, "batch_norm": [True, False]})
    assert space == {"units": (64, 128), "dropout": Range(min=0, max=0.5), "batch_norm": (True, False)}
    assert [type(value) for value in space["batch_norm"]] == [bool, bool]
    assert [type(value) for value in space["units"]] == [int, int]


@pytest.mark.parametrize(
    ("space", "line"),
    [
        (
            {"unit": [1, 2]},
            f'space = {{"unit": [1, 2]}}: must be over {OF_AN_MLP}; unit is none of them; did you mean "units"?',
        ),
        ({"xyz": [1, 2]}, f'space = {{"xyz": [1, 2]}}: must be over {OF_AN_MLP}; xyz is none of them'),
        ({}, "space = {}: must be a section of 1 or more"),
        (None, "space = null: must be a section with keys"),
        # choices
        ({"units": []}, "space.units = []: must be a list of 1 or more"),
        ({"units": 64}, "space.units = 64: must be a list"),
        (
            {"units": [0, 5]},
            'space = {"units": [0, 5]}: must be such that units is greater than or equal to 1; 0 is not',
        ),
        ({"units": [1, 2.5]}, 'space = {"units": [1, 2.5]}: must be such that units is a valid integer; 2.5 is not'),
        ({"units": [True, 5]}, 'space = {"units": [true, 5]}: must be such that units is a valid integer; True is not'),
        (
            {"batch_norm": [0, 1]},
            'space = {"batch_norm": [0, 1]}: must be such that batch_norm is a valid boolean; 0 is not',
        ),
        (
            {"optimizer": ["lion", "sgd"]},
            'space = {"optimizer": ["lion", "sgd"]}: must be such that optimizer is \'adam\' or \'sgd\'; lion is not',
        ),
        (
            {"units": [64, None]},
            "space.units.1 = null: must be a valid boolean or a valid integer or a valid number or a valid string",
        ),
        # ranges
        (
            {"units": {"min": 10, "max": 1}},
            'space.units = {"min": 10, "max": 1}: must be a range whose min is below its max',
        ),
        (
            {"units": {"min": 1, "max": 1}},
            'space.units = {"min": 1, "max": 1}: must be a range whose min is below its max',
        ),
        ({"units": {"min": 10}}, "space.units.max: missing; it must be there"),
        (
            {"units": {"min": 1, "max": 9, "step": 2}},
            "space.units.step = 2: unknown key; allowed: log, max, min",
        ),
        (
            {"units": {"min": 0, "max": 9}},
            'space = {"units": {"min": 0, "max": 9}}: must be such that units is greater than or equal to 1; 0 is not',
        ),
        (
            {"dropout": {"min": 0, "max": 1}},
            'space = {"dropout": {"min": 0, "max": 1}}: must be such that dropout is less than 1; 1 is not',
        ),
        (
            {"shift": {"min": 0, "max": 0.5, "log": True}},
            'space.shift = {"min": 0, "max": 0.5, "log": true}: must be a range above 0 where log is true',
        ),
        (
            {"zoom": {"min": "0", "max": 0.5}},
            'space.zoom.min = "0": must be a valid integer or a valid number',
        ),
        (
            {"zoom": {"min": 0, "max": float("inf")}},
            "space.zoom.max = Infinity: must be a valid integer or a finite number",
        ),
        (
            {"optimizer": {"min": 1, "max": 2}},
            'space = {"optimizer": {"min": 1, "max": 2}}: must be such that optimizer is a list of choices, '
            + NOT_BOTH_WAYS,
        ),
        (
            {"batch_norm": {"min": 0, "max": 1}},
            'space = {"batch_norm": {"min": 0, "max": 1}}: must be such that batch_norm is a list of choices, '
            + NOT_BOTH_WAYS,
        ),
    ],
)
def test_each_mistake_in_a_space_is_one_line(space, line):
    assert complaint(space) == line


def test_what_one_family_has_another_may_lack():
    assert searched({"kernel": [3, 5]}, Cnn) == {"kernel": (3, 5)}
    assert "kernel is none of them" in complaint({"kernel": [3, 5]}, Mlp)
    assert complaint({"kernel": [3, 4]}, Cnn).endswith("must be such that kernel is 3, 5 or 7; 4 is not")


NUMBERS = st.integers(-5, 5) | st.floats(-5, 5)


@settings(deadline=None, max_examples=60)
@given(NUMBERS, NUMBERS)
def test_a_range_is_accepted_where_the_model_takes_both_ends_in_this_order(low, high):
    space = {"weight_decay": {"min": low, "max": high}}
    if 0 <= low < high <= 1:
        assert searched(space)["weight_decay"] == Range(min=low, max=high)
    else:
        assert "weight_decay" in complaint(space)


@pytest.mark.parametrize("rungs", [[3, 1], [1, 1, 3]])
def test_rungs_rise(rungs: list[int]) -> None:
    with pytest.raises(UserError, match=r"tune\.own\.rungs = \[.*\]: must be a list of rising numbers"):
        check(Search[Mlp], {"trials": 1, "rungs": rungs, "keep": 1.0, "space": {"units": [1, 2]}}, "tune.own")
