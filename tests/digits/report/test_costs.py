from dataclasses import replace

import pytest

from digits.report import costs
from tests.digits.comparison.test_comparison import MLP, compare_models

RECIPES = {"units": 512, "batch_norm": True, "dropout": 0.2}
RECORD = {
    "family": "mlp",
    "images": 54_000,
    "space": {"units": (256, 512), "dropout": {"min": 0.0, "max": 0.5, "log": False}},
    "searches": [
        {
            "seed": 1,
            "best": RECIPES | {"units": 256},
            "trials": [
                {"hyperparameters": RECIPES, "multiply_adds": 400_000, "epochs": [{}, {}]},
                {"hyperparameters": RECIPES | {"units": 256}, "multiply_adds": 200_000, "epochs": [{}]},
                {"hyperparameters": RECIPES, "multiply_adds": None, "epochs": []},
            ],
        }
    ],
}
[SEARCH] = RECORD["searches"]
TWO = RECORD | {"searches": [SEARCH, SEARCH | {"seed": 7, "best": RECIPES}]}


def test_a_search_counts_all_its_trials():
    found = costs.search_cost(RECORD)
    assert (found.trials, found.epochs) == (3, 3)
    assert found.tflop == pytest.approx(0.2592 + 0.0648, abs=0.001)


def test_the_gain_is_set_against_what_the_search_cost():
    line = costs.table_of([replace(costs.search_cost(RECORD), tflop=1.45)], compare_models(MLP).rows).splitlines()[2]
    assert line == "| mlp | 3 | 3 | 1.45 TFLOP | 1.3 TFLOP | 1.3 TFLOP | +2.000 points | +0.00 points | -2.90 points |"


def test_what_was_chosen_stands_beside_what_could_have_been():
    assert costs.recipes(costs.search_cost(RECORD)).splitlines()[2:] == [
        "| units | 512 | 256, 512 | 256 |",
        "| batch_norm | yes | – | yes |",
        "| dropout | 0.2 | 0 to 0.5 | 0.2 |",
    ]


def test_of_several_searches_the_costs_are_summed_and_each_choice_is_shown():
    found = costs.search_cost(TWO)
    assert (found.trials, found.epochs) == (6, 6)
    table, note = costs.table_of([replace(found, tflop=2.9)], compare_models(MLP).rows).split("\n\n")
    assert "| 6 | 6 | 2.9 TFLOP | 1.3 TFLOP | 1.3 TFLOP | +2.000 points |" in table
    assert "the sums of 2 searches, the gain is per TFLOP of one" in note
    lines = costs.recipes(found).splitlines()
    assert lines[0] == "| mlp | Baseline | Searched | Search 1 | Search 7 |"
    assert lines[2] == "| units | 512 | 256, 512 | 256 | 512 |"


def test_a_search_that_trained_nothing_has_no_gain_for_its_cost():
    nothing = costs.SearchCost("mlp", 1, 0, 0.0, {}, RECIPES, {1: RECIPES})
    assert "+0.000 points" in costs.table_of([nothing], compare_models(MLP).rows)
