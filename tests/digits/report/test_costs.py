from dataclasses import replace

import pytest

from digits.report import costs
from tests.digits.comparison.test_comparison import MLP, compare_models

RECIPE = {"units": 512, "batch_norm": True, "dropout": 0.2}
SEARCH = {
    "seed": 1,
    "best": RECIPE | {"units": 256},
    "trials": [
        {"hyperparameters": RECIPE, "multiply_adds": 400_000, "epochs": [{}, {}]},
        {"hyperparameters": RECIPE | {"units": 256}, "multiply_adds": 200_000, "epochs": [{}]},
        {"hyperparameters": RECIPE, "multiply_adds": None, "epochs": []},
    ],
}
RECORD = {
    "family": "mlp",
    "images": 54_000,
    "space": {"units": (256, 512), "dropout": {"min": 0.0, "max": 0.5, "log": False}},
    "searches": [SEARCH],
}
TWO_SEARCHES = RECORD | {"searches": [SEARCH, SEARCH | {"seed": 7, "best": RECIPE}]}


def test_search_cost_includes_all_trials():
    cost = costs.search_cost(RECORD)
    assert (cost.n_trials, cost.n_epochs) == (3, 3)
    assert cost.tflop == pytest.approx(0.2592 + 0.0648, abs=0.001)


def test_gain_is_divided_by_the_cost_of_the_search():
    line = costs.cost_table([replace(costs.search_cost(RECORD), tflop=1.45)], compare_models(MLP).rows).splitlines()[2]
    assert line == "| mlp | 3 | 3 | 1.45 TFLOP | 1.3 TFLOP | 1.3 TFLOP | +2.000 points | +0.00 points | -2.90 points |"


def test_chosen_values_are_next_to_the_search_space():
    assert costs.recipe_table(costs.search_cost(RECORD)).splitlines()[2:] == [
        "| units | 512 | 256, 512 | 256 |",
        "| batch_norm | yes | – | yes |",
        "| dropout | 0.2 | 0 to 0.5 | 0.2 |",
    ]


def test_several_searches_have_summed_costs_and_a_column_each():
    cost = costs.search_cost(TWO_SEARCHES)
    assert (cost.n_trials, cost.n_epochs) == (6, 6)
    table, note = costs.cost_table([replace(cost, tflop=2.9)], compare_models(MLP).rows).split("\n\n")
    assert "| 6 | 6 | 2.9 TFLOP | 1.3 TFLOP | 1.3 TFLOP | +2.000 points |" in table
    assert "sums over 2 searches; the gain is per TFLOP of one" in note
    lines = costs.recipe_table(cost).splitlines()
    assert lines[0] == "| mlp | Baseline | Search space | Search 1 | Search 7 |"
    assert lines[2] == "| units | 512 | 256, 512 | 256 | 512 |"


def test_a_search_without_training_has_no_gain_per_cost():
    cost = costs.SearchCost("mlp", 1, 0, 0.0, {}, RECIPE, {1: RECIPE})
    assert "+0.000 points" in costs.cost_table([cost], compare_models(MLP).rows)
