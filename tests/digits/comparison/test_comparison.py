import json
from dataclasses import replace

import numpy as np
import pytest

from digits.comparison.comparison import (
    ENSEMBLE,
    Outputs,
    Result,
    Spread,
    columns,
    compare,
    judge_metrics,
    metrics_tree,
    pairs,
)
from digits.comparison.verdict import BETTER, OPEN, WORSE
from digits.data.corruptions import CORRUPTIONS, SEVERITIES
from digits.evaluation.metrics import METRICS, Predictions, average, measure

IMAGES, SAMPLE = 1000, 100
TRUTH = np.arange(IMAGES) % 4
METRIC_NAMES = [metric.name for metric in METRICS]
HARD = ["trained_corruptions_accuracy", "held_out_corruptions_accuracy"]


def said(wrong: int, sure: float = 0.7, corrupted: int = 50) -> Predictions:
    """Wrong about so many images, the first ones; right about so many of a hundred, whatever corrupts them."""
    right = np.eye(4)[TRUTH] * sure + (1 - np.eye(4)[TRUTH]) * (1 - sure) / 3
    probabilities = np.where(np.arange(IMAGES)[:, np.newaxis] < wrong, np.roll(right, 1, axis=1), right)
    corrupted = np.broadcast_to(np.arange(SAMPLE) < corrupted, (len(CORRUPTIONS), len(SEVERITIES), SAMPLE))
    return Predictions(probabilities, TRUTH, corrupted)


def with_ensembles(models: Outputs) -> Outputs:
    together = {
        (family, variant + ENSEMBLE): [average(group, group[0].corrupted)]
        for (family, variant), group in models.items()
        if len(group) > 1
    }
    return dict(models) | together


def results(given: Outputs) -> list[Result]:
    return [
        Result(family, variant, seed, measure(model), 0.96, 0.1, 407_050, 406_528, 1_628_200, 10, 1.3)
        for (family, variant), models in given.items()
        for seed, model in enumerate(models, start=1)
    ]


MLP = {
    ("mlp", "baseline"): [said(30, corrupted=60), said(50, corrupted=61)],
    ("mlp", "tuned"): [said(10, corrupted=90), said(12, corrupted=91)],
}
CNN = {("cnn", variant): models for (_, variant), models in MLP.items()}


def compared(given: Outputs):
    return compare(results(given), with_ensembles(given), searches=1)


def test_means_and_deviations_are_those_computed_by_hand():
    baseline, tuned, *_ = compared(MLP).rows
    assert baseline.accuracy.mean == pytest.approx(0.96)
    assert baseline.accuracy.sd == pytest.approx(0.0141421, abs=1e-6)
    assert tuned.accuracy.mean == pytest.approx(0.989)
    assert tuned.accuracy.low < 0.989 < tuned.accuracy.high
    assert tuned.validation_accuracy == Spread(0.96, 0.0)
    right, wrong = -np.log(0.7), -np.log(0.1)
    assert tuned.metrics["test_loss"].mean == pytest.approx(0.989 * right + 0.011 * wrong, abs=1e-5)
    assert tuned.metrics["calibration_error"].mean == pytest.approx(0.989 - 0.7, abs=1e-5), (
        "right more often than it says"
    )
    assert [tuned.metrics[f"{group}_corruptions_accuracy"].mean for group in ("trained", "held_out")] == [0.905, 0.905]
    assert (tuned.parameters, tuned.multiply_adds, tuned.epochs, tuned.seeds) == (407_050, 406_528, 10, (1, 2))


def test_where_recipes_differ_sizes_and_costs_are_means_and_an_ensembles_sizes_sums():
    given = results(MLP)
    larger = replace(given[-1], parameters=507_050, multiply_adds=506_528, bytes=2_028_200, training_tflop=2.1)
    _, tuned, _, ensemble = compare([*given[:-1], larger], with_ensembles(MLP), searches=2).rows
    assert (tuned.parameters, tuned.multiply_adds, tuned.bytes) == (457_050, 456_528, 1_828_200)
    assert (ensemble.parameters, ensemble.multiply_adds, ensemble.bytes) == (914_100, 913_056, 3_656_400)
    assert (tuned.training_tflop, ensemble.training_tflop) == (1.7, 1.7)


def test_each_axis_has_a_verdict_of_its_own_whichever_way_is_better():
    given = {("cnn", "baseline"): [said(40, 0.95), said(41, 0.95)], ("cnn", "tuned"): [said(10, 0.5), said(11, 0.5)]}
    baseline, tuned, *_ = compared(given).rows
    assert baseline.verdicts == {}
    assert list(tuned.verdicts) == METRIC_NAMES
    assert tuned.metrics_with(BETTER) == ["test_accuracy"]
    assert {"test_loss", "calibration_error"} <= set(tuned.metrics_with(WORSE))
    assert tuned.metrics_with(OPEN) == HARD


def test_older_results_without_corrupted_images_are_judged_on_the_other_axes():
    mine, theirs = said(10), Predictions(said(30).probabilities, TRUTH)
    assert list(judge_metrics({"": ([mine], [theirs])})[""]) == [axis for axis in METRIC_NAMES if axis not in HARD]
    assert judge_metrics({}) == {}


def test_all_pairs_and_axes_are_corrected_together():
    pair = MLP["mlp", "tuned"], MLP["mlp", "baseline"]
    alone, twice = judge_metrics({1: pair}), judge_metrics({1: pair, 2: pair})
    assert twice[1]["held_out_corruptions_accuracy"].p > alone[1]["held_out_corruptions_accuracy"].p


def test_an_ensemble_has_a_row_of_its_own_and_is_compared_with_an_ensemble():
    rows = compared(MLP).rows
    assert [row.name for row in rows] == ["mlp baseline", "mlp tuned", "mlp baseline ensemble", "mlp tuned ensemble"]
    together = rows[3]
    assert 0.988 <= together.accuracy.mean <= 0.99, "the images that both have wrong, and some that one has"
    assert (together.parameters, together.bytes, together.validation_accuracy) == (814_100, 3_256_400, None)
    assert together.metrics_with(BETTER)[0] == "test_accuracy"
    assert not any(each.of_recipes for each in together.verdicts.values())


def test_one_seed_has_no_deviation_and_no_ensemble():
    rows = compared({key: models[:1] for key, models in MLP.items()}).rows
    assert [row.variant for row in rows] == ["baseline", "tuned"]
    assert not rows[1].verdicts["test_loss"].of_recipes
    assert not any(key.endswith("_sd") for of_variant in metrics_tree(rows)["mlp"].values() for key in of_variant)


def test_families_stand_in_the_order_they_came_baseline_first():
    rows = compared(CNN | MLP).rows
    assert [row.family for row in rows] == ["cnn"] * 4 + ["mlp"] * 4
    assert [row.variant for row in rows[:2]] == ["baseline", "tuned"]
    assert list(metrics_tree(rows)) == ["cnn", "mlp"]


def test_pairs_are_those_that_people_ask_about():
    keys = dict.fromkeys(
        (family, f"{variant}{suffix}") for suffix in ("", " ensemble") for family, variant in MLP | CNN
    )
    assert pairs(keys) == [
        (("mlp", "tuned"), ("mlp", "baseline")),
        (("mlp", "tuned ensemble"), ("mlp", "baseline ensemble")),
        (("cnn", "tuned"), ("cnn", "baseline")),
        (("cnn", "tuned ensemble"), ("cnn", "baseline ensemble")),
        (("cnn", "tuned"), ("mlp", "tuned")),
    ]


def test_the_metrics_are_the_numbers_that_dvc_compares():
    tree = metrics_tree(compared(MLP).rows)
    assert tree["mlp"]["baseline"].items() >= {"test_accuracy": 0.96, "test_accuracy_sd": 0.014142}.items()
    differences = [f"{name}_difference" for name in METRIC_NAMES[1:]]
    gains = ["gain", "gain_low", "gain_high", *differences, "metrics_better", "metrics_worse"]
    assert [name for name in tree["mlp"]["tuned"] if name not in tree["mlp"]["baseline"]] == gains
    assert (
        tree["mlp"]["tuned"].items()
        >= {"gain": 0.029, "held_out_corruptions_accuracy_difference": 0.3, "metrics_worse": 0}.items()
    )
    assert tree["mlp"]["tuned"]["test_loss_difference"] < 0
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_each_metric_and_verdict_is_a_column_of_its_own_in_the_tables():
    result, row = columns(results(MLP)[0]), columns(compared(MLP).rows[1])
    assert list(result)[: 3 + len(METRIC_NAMES)] == ["family", "variant", "seed", *METRIC_NAMES]
    assert row["test_loss"]["sd"] > 0
    assert (row["verdict"]["difference"], row["test_loss_verdict"]["images"]) == (pytest.approx(0.029), IMAGES)
