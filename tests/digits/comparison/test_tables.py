from dataclasses import replace

import pytest

from digits.comparison import tables
from digits.comparison.comparison import Spread
from digits.comparison.intervals import Accuracy
from tests.digits.comparison.test_comparison import CNN, MLP, compared

RECIPES = {"units": 512, "batch_norm": True, "dropout": 0.2}
RECORD = {
    "family": "mlp",
    "images": 54_000,
    "space": {"units": (256, 512), "dropout": {"min": 0.0, "max": 0.5, "log": False}},
    "best": RECIPES | {"units": 256},
    "trials": [
        {"hyperparameters": RECIPES, "multiply_adds": 400_000, "epochs": [{}, {}]},
        {"hyperparameters": RECIPES | {"units": 256}, "multiply_adds": 200_000, "epochs": [{}]},
        {"hyperparameters": RECIPES, "multiply_adds": None, "epochs": []},
    ],
}
EXACT = Accuracy(0.989, 0.001, 0.98, 0.995)


def test_the_table_reads_as_it_should():
    found = compared(MLP)
    metrics = {"test_loss": Spread(0.0712, 0.0004), "calibration_error": Spread(0.05, 0)}
    tuned = replace(found.rows[1], accuracy=EXACT, metrics=metrics)
    verdict = replace(tuned.verdict, verdict="better", difference=0.0117, low=0.009, high=0.0143)
    lines = tables.results(replace(found, rows=(found.rows[0], replace(tuned, verdict=verdict)))).splitlines()
    assert lines[3] == (
        "| mlp tuned | 98.90 ± 0.10 % | 98.00 to 99.50 % | 0.0712 ± 0.0004 | 5.0 ± 0.0 % | 407,050 | 406,528 "
        "| better: +1.17 [+0.90, +1.43] |"
    )
    assert lines[2].endswith("| – |")
    assert lines[-1].startswith("Mean ± standard deviation over seeds 1, 2; 1,000 test images; 10 epochs each.")


def test_one_seed_says_what_its_intervals_are_not_for():
    text = tables.results(compared({key: models[:1] for key, models in MLP.items()}))
    assert "One model each, of seed 1;" in text
    assert "Intervals are for other test images." in text
    assert "nsemble" not in text


def test_verdicts_on_single_models_are_marked():
    lines = tables.verdicts(compared(MLP | CNN)).splitlines()
    assert lines[2].startswith("| mlp tuned over mlp baseline | ")
    assert "| better * |" in lines[3]
    assert "corrected for 5 pairs" in lines[-1]
    assert "Verdicts with * are of these very models" in lines[-1]


def test_a_search_counts_all_its_trials():
    found = tables.search_cost(RECORD)
    assert (found.trials, found.epochs) == (3, 3)
    assert found.tflop == pytest.approx(0.2592 + 0.0648, abs=0.001)


def test_the_gain_is_set_against_what_the_search_cost():
    line = tables.costs([replace(tables.search_cost(RECORD), tflop=1.45)], compared(MLP).rows).splitlines()[2]
    assert line == "| mlp | 3 | 3 | 1.45 TFLOP | 1.3 TFLOP | 1.3 TFLOP | +2.000 points | +0.00 points | -2.90 points |"


def test_what_was_chosen_stands_beside_what_could_have_been():
    assert tables.recipes(tables.search_cost(RECORD)).splitlines()[2:] == [
        "| units | 512 | 256, 512 | 256 |",
        "| batch_norm | yes | – | yes |",
        "| dropout | 0.2 | 0 to 0.5 | 0.2 |",
    ]


def test_a_search_that_trained_nothing_has_no_gain_for_its_cost():
    nothing = tables.SearchCost("mlp", 1, 0, 0.0, {}, RECIPES, RECIPES)
    assert "+0.000 points" in tables.costs([nothing], compared(MLP).rows)
