import json
from dataclasses import replace

import pytest

from digits.comparison import Result, Spread, compare, markdown, metrics, percent
from digits.predictions import Score

BASELINE = Result("mlp", "baseline", 1, 0.97, 0.12, 0.96, 407_050, 406_528, 10, 1.3)


def results(family: str = "mlp", baseline: tuple[float, ...] = (0.97, 0.98), tuned: tuple[float, ...] = (0.98, 0.985)):
    for variant, accuracies in (("baseline", baseline), ("tuned", tuned)):
        for seed, accuracy in enumerate(accuracies, 1):
            yield replace(
                BASELINE, family=family, variant=variant, seed=seed, test_accuracy=accuracy, test_loss=seed / 10
            )


def test_means_and_deviations_are_those_computed_by_hand():
    baseline, tuned = compare(list(results()), {})
    assert baseline.test_accuracy == Spread(0.975, 0.007071)
    assert tuned.test_accuracy == Spread(0.9825, 0.003536)
    assert tuned.test_loss == Spread(0.15, 0.070711)
    assert tuned.validation_accuracy == Spread(0.96, 0.0)
    assert (tuned.parameters, tuned.multiply_adds, tuned.epochs, tuned.seeds) == (407_050, 406_528, 10, (1, 2))


def test_the_gain_is_paired_seed_by_seed():
    baseline, tuned = compare(list(results()), {})
    assert baseline.gain is None
    assert tuned.gain == Spread(0.0075, 0.003536), "of 0.01 and 0.005"
    _, shifted = compare(list(results(baseline=(0.9, 0.98), tuned=(0.91, 0.99))), {})
    assert shifted.gain == Spread(0.01, 0.0), "however far the seeds are apart"


def test_one_seed_has_no_deviation():
    rows = compare(list(results(baseline=(0.97,), tuned=(0.96,))), {})
    assert rows[1].gain == Spread(-0.01, None)
    assert not any(key.endswith("_sd") for of_variant in metrics(rows)["mlp"].values() for key in of_variant)
    assert "±" not in markdown(rows, 10).splitlines()[3]
    assert "-1.00 points" in markdown(rows, 10)


def test_families_stand_in_the_order_they_came_baseline_first():
    given = [*results("mlp"), *results("cnn")]
    assert [(row.family, row.variant) for row in compare(given, {})] == [
        ("mlp", "baseline"),
        ("mlp", "tuned"),
        ("cnn", "baseline"),
        ("cnn", "tuned"),
    ]
    assert list(metrics(compare(given, {}))) == ["mlp", "cnn"]
    assert list(metrics(compare(given[4:] + given[:4], {}))) == ["cnn", "mlp"]


def test_the_metrics_are_the_numbers_that_dvc_compares():
    tree = metrics(compare(list(results()), {}))
    assert tree["mlp"]["baseline"] == {
        "test_accuracy": 0.975,
        "test_loss": 0.15,
        "validation_accuracy": 0.96,
        "test_accuracy_sd": 0.007071,
        "test_loss_sd": 0.070711,
        "validation_accuracy_sd": 0.0,
        "parameters": 407_050,
        "multiply_adds": 406_528,
    }
    assert tree["mlp"]["tuned"]["gain"] == 0.0075
    assert tree["mlp"]["tuned"]["gain_sd"] == 0.003536
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_the_table_reads_as_it_should():
    assert markdown(compare(list(results()), {}), 10_000) == (
        "| Family | Variant | Test accuracy | Gain over baseline | Test loss | Parameters | Multiply-adds per image |\n"
        "|---|---|---:|---:|---:|---:|---:|\n"
        "| mlp | baseline | 97.50 ± 0.71 % | – | 0.1500 ± 0.0707 | 407,050 | 406,528 |\n"
        "| mlp | tuned | 98.25 ± 0.35 % | +0.75 ± 0.35 points | 0.1500 ± 0.0707 | 407,050 | 406,528 |\n"
        "\n"
        "Mean ± standard deviation over seeds 1, 2; 10,000 test images; 10 epochs each. "
        "One point is 1 % of accuracy; the gain is paired seed by seed.\n"
    )


def test_an_ensemble_has_a_row_of_its_own_and_is_compared_with_an_ensemble():
    scores = {("mlp", "baseline"): Score(0.976, 0.11), ("mlp", "tuned"): Score(0.984, 0.05)}
    rows = compare(list(results()), scores)
    assert [row.variant for row in rows] == ["baseline", "tuned", "baseline ensemble", "tuned ensemble"]
    assert metrics(rows)["mlp"]["tuned_ensemble"] == {
        "test_accuracy": 0.984,
        "test_loss": 0.05,
        "gain": 0.008,
        "parameters": 2 * 407_050,
        "multiply_adds": 2 * 406_528,
    }
    lines = markdown(rows, 10_000).splitlines()
    assert lines[5] == "| mlp | tuned ensemble | 98.40 % | +0.80 points | 0.0500 | 814,100 | 813,056 |"
    assert lines[-1].endswith("An ensemble averages what its 2 models say.")


@pytest.mark.parametrize(
    ("spread", "text"),
    [
        (Spread(0.0075, 0.003536), "+0.75 ± 0.35"),
        (Spread(-0.0075, None), "-0.75"),
        (Spread(0.0, None), "+0.00"),
        (Spread(-0.0, None), "+0.00"),
    ],
)
def test_a_gain_has_a_sign_and_nothing_is_no_loss(spread, text):
    assert percent(spread, sign="+") == text
