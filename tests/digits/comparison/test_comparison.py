import json

import numpy as np
import pytest

from digits.comparison.comparison import Predictions, Result, Spread, columns, compare, metrics_tree, pairs
from digits.comparison.verdict import BETTER, NO_EVIDENCE
from digits.evaluation.metrics import METRICS, measure

IMAGES = 1000
TRUTH = np.arange(IMAGES) % 4


def predictions(*wrong: int, sure: float = 0.7) -> np.ndarray:
    """Of a model for each number: wrong about that many images, the first ones."""
    right = np.eye(4)[TRUTH] * sure + (1 - np.eye(4)[TRUTH]) * (1 - sure) / 3
    other = np.roll(right, 1, axis=1)
    return np.stack([np.where(np.arange(IMAGES)[:, np.newaxis] < each, other, right) for each in wrong])


def results(given: Predictions) -> list[Result]:
    return [
        Result(family, variant, seed, measure(model, TRUTH), 0.96, 0.1, 407_050, 406_528, 1_628_200, 10, 1.3)
        for (family, variant), models in given.items()
        for seed, model in enumerate(models, start=1)
    ]


MLP = {("mlp", "baseline"): predictions(30, 50), ("mlp", "tuned"): predictions(10, 12)}
CNN = {("cnn", variant): models for (_, variant), models in MLP.items()}


def compared(given: Predictions):
    return compare(results(given), given, TRUTH)


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
    assert (tuned.parameters, tuned.multiply_adds, tuned.epochs, tuned.seeds) == (407_050, 406_528, 10, (1, 2))


def test_the_verdict_is_over_the_baseline_on_the_same_images():
    baseline, tuned, *_ = compared(MLP).rows
    assert baseline.verdict is None
    assert tuned.verdict.difference == pytest.approx(0.029)
    assert tuned.verdict.low < 0.029 < tuned.verdict.high


def test_models_that_predict_alike_give_no_evidence():
    same = {key: predictions(30, 31) for key in MLP}
    assert compared(same).rows[1].verdict.verdict == NO_EVIDENCE


def test_an_ensemble_has_a_row_of_its_own_and_is_compared_with_an_ensemble():
    rows = compared(MLP).rows
    assert [row.name for row in rows] == ["mlp baseline", "mlp tuned", "mlp baseline ensemble", "mlp tuned ensemble"]
    ensemble = rows[3]
    assert 0.988 <= ensemble.accuracy.mean <= 0.99, "the images that both have wrong, and some that one has"
    assert (ensemble.parameters, ensemble.bytes, ensemble.validation_accuracy) == (814_100, 3_256_400, None)
    assert ensemble.verdict.verdict == BETTER
    assert not ensemble.verdict.of_recipes


def test_one_seed_has_no_deviation_and_no_ensemble():
    rows = compared({key: models[:1] for key, models in MLP.items()}).rows
    assert [row.variant for row in rows] == ["baseline", "tuned"]
    assert not rows[1].verdict.of_recipes
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
    assert set(tree["mlp"]["tuned"]) - set(tree["mlp"]["baseline"]) == {"gain", "gain_low", "gain_high"}
    assert tree["mlp"]["tuned"]["gain"] == 0.029
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_each_metric_is_a_column_of_its_own_in_the_tables():
    result, row = columns(results(MLP)[0]), columns(compared(MLP).rows[0])
    assert list(result)[:6] == ["family", "variant", "seed", *(metric.name for metric in METRICS)]
    assert row["test_loss"]["sd"] > 0
