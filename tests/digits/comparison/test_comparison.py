import json
from dataclasses import replace

import numpy as np
import pytest

from digits.comparison.comparison import (
    ENSEMBLE_LABEL,
    Comparison,
    ModelResult,
    PredictionsByVariant,
    Spread,
    columns,
    compare,
    judge_metrics,
    list_pairs,
    metrics_tree,
)
from digits.comparison.verdict import BETTER, OPEN, WORSE
from digits.data.corruptions import CORRUPTIONS, SEVERITIES
from digits.evaluation.metrics import METRICS, Predictions, average, compute_metrics

N_IMAGES, N_CORRUPTED = 1000, 100
LABELS = np.arange(N_IMAGES) % 4
METRIC_NAMES = [metric.name for metric in METRICS]
CORRUPTION_METRICS = ["trained_corruptions_accuracy", "held_out_corruptions_accuracy"]


def make_predictions(n_wrong: int, confidence: float = 0.7, n_corrupted_correct: int = 50) -> Predictions:
    """Predict the first `n_wrong` images wrongly, and the first of the 100 corrupted images correctly."""
    correct = np.eye(4)[LABELS] * confidence + (1 - np.eye(4)[LABELS]) * (1 - confidence) / 3
    probabilities = np.where(np.arange(N_IMAGES)[:, np.newaxis] < n_wrong, np.roll(correct, 1, axis=1), correct)
    shape = (len(CORRUPTIONS), len(SEVERITIES), N_CORRUPTED)
    corrupted_correct = np.broadcast_to(np.arange(N_CORRUPTED) < n_corrupted_correct, shape)
    return Predictions(probabilities, LABELS, corrupted_correct)


def with_ensembles(predictions: PredictionsByVariant) -> PredictionsByVariant:
    ensembles = {
        (family, variant + ENSEMBLE_LABEL): [average(models, models[0].corrupted_correct)]
        for (family, variant), models in predictions.items()
        if len(models) > 1
    }
    return dict(predictions) | ensembles


def make_results(predictions: PredictionsByVariant) -> list[ModelResult]:
    return [
        ModelResult(family, variant, seed, compute_metrics(model), 0.96, 0.1, 407_050, 406_528, 1_628_200, 10, 1.3)
        for (family, variant), models in predictions.items()
        for seed, model in enumerate(models, start=1)
    ]


MLP = {
    ("mlp", "baseline"): [
        make_predictions(30, n_corrupted_correct=60),
        make_predictions(50, n_corrupted_correct=61),
    ],
    ("mlp", "tuned"): [make_predictions(10, n_corrupted_correct=90), make_predictions(12, n_corrupted_correct=91)],
}
CNN = {("cnn", variant): models for (_, variant), models in MLP.items()}


def compare_models(predictions: PredictionsByVariant) -> Comparison:
    return compare(make_results(predictions), with_ensembles(predictions), n_searches=1)


def test_means_and_deviations_equal_those_computed_by_hand():
    baseline, tuned, *_ = compare_models(MLP).rows
    assert baseline.accuracy.mean == pytest.approx(0.96)
    assert baseline.accuracy.sd == pytest.approx(0.0141421, abs=1e-6)
    assert tuned.accuracy.mean == pytest.approx(0.989)
    assert tuned.accuracy.low < 0.989 < tuned.accuracy.high
    assert tuned.validation_accuracy == Spread(0.96, 0.0)
    correct_loss, wrong_loss = -np.log(0.7), -np.log(0.1)
    assert tuned.metrics["test_loss"].mean == pytest.approx(0.989 * correct_loss + 0.011 * wrong_loss, abs=1e-5)
    assert tuned.metrics["calibration_error"].mean == pytest.approx(0.989 - 0.7, abs=1e-5), "underconfident"
    assert [tuned.metrics[name].mean for name in CORRUPTION_METRICS] == [0.905, 0.905]
    assert (tuned.parameters, tuned.multiply_adds, tuned.epochs, tuned.seeds) == (407_050, 406_528, 10, (1, 2))


def test_sizes_are_means_over_models_and_sums_in_an_ensemble():
    results = make_results(MLP)
    larger = replace(results[-1], parameters=507_050, multiply_adds=506_528, bytes=2_028_200, training_tflop=2.1)
    _, tuned, _, ensemble = compare([*results[:-1], larger], with_ensembles(MLP), n_searches=2).rows
    assert (tuned.parameters, tuned.multiply_adds, tuned.bytes) == (457_050, 456_528, 1_828_200)
    assert (ensemble.parameters, ensemble.multiply_adds, ensemble.bytes) == (914_100, 913_056, 3_656_400)
    assert (tuned.training_tflop, ensemble.training_tflop) == (1.7, 1.7)


def test_each_metric_has_its_own_verdict_whichever_direction_is_better():
    predictions = {
        ("cnn", "baseline"): [make_predictions(40, 0.95), make_predictions(41, 0.95)],
        ("cnn", "tuned"): [make_predictions(10, 0.5), make_predictions(11, 0.5)],
    }
    baseline, tuned, *_ = compare_models(predictions).rows
    assert baseline.verdicts == {}
    assert list(tuned.verdicts) == METRIC_NAMES
    assert tuned.metrics_with(BETTER) == ["test_accuracy"]
    assert {"test_loss", "calibration_error"} <= set(tuned.metrics_with(WORSE))
    assert tuned.metrics_with(OPEN) == CORRUPTION_METRICS


def test_predictions_without_corrupted_images_are_judged_by_the_other_metrics():
    candidate, reference = make_predictions(10), Predictions(make_predictions(30).probabilities, LABELS)
    verdicts = judge_metrics({"pair": ([candidate], [reference])})["pair"]
    assert list(verdicts) == [name for name in METRIC_NAMES if name not in CORRUPTION_METRICS]
    assert judge_metrics({}) == {}


def test_p_is_corrected_for_the_number_of_pairs():
    pair = MLP["mlp", "tuned"], MLP["mlp", "baseline"]
    once, twice = judge_metrics({1: pair}), judge_metrics({1: pair, 2: pair})
    assert twice[1]["held_out_corruptions_accuracy"].p > once[1]["held_out_corruptions_accuracy"].p


def test_an_ensemble_has_its_own_row_and_is_compared_with_an_ensemble():
    rows = compare_models(MLP).rows
    assert [row.name for row in rows] == ["mlp baseline", "mlp tuned", "mlp baseline ensemble", "mlp tuned ensemble"]
    ensemble = rows[3]
    assert 0.988 <= ensemble.accuracy.mean <= 0.99, "wrong on the 10 images that both miss, and on up to 2 more"
    assert (ensemble.parameters, ensemble.bytes, ensemble.validation_accuracy) == (814_100, 3_256_400, None)
    assert ensemble.metrics_with(BETTER)[0] == "test_accuracy"
    assert not any(verdict.generalizes_over_seeds for verdict in ensemble.verdicts.values())


def test_one_seed_has_no_deviation_and_no_ensemble():
    rows = compare_models({variant: models[:1] for variant, models in MLP.items()}).rows
    assert [row.variant for row in rows] == ["baseline", "tuned"]
    assert not rows[1].verdicts["test_loss"].generalizes_over_seeds
    assert not any(name.endswith("_sd") for metrics in metrics_tree(rows)["mlp"].values() for name in metrics)


def test_families_keep_their_order_with_the_baseline_first():
    rows = compare_models(CNN | MLP).rows
    assert [row.family for row in rows] == ["cnn"] * 4 + ["mlp"] * 4
    assert [row.variant for row in rows[:2]] == ["baseline", "tuned"]
    assert list(metrics_tree(rows)) == ["cnn", "mlp"]


def test_pairs_are_within_families_and_between_tuned_models():
    variants = [(family, f"{variant}{suffix}") for suffix in ("", ENSEMBLE_LABEL) for family, variant in MLP | CNN]
    assert list_pairs(variants) == [
        (("mlp", "tuned"), ("mlp", "baseline")),
        (("mlp", "tuned ensemble"), ("mlp", "baseline ensemble")),
        (("cnn", "tuned"), ("cnn", "baseline")),
        (("cnn", "tuned ensemble"), ("cnn", "baseline ensemble")),
        (("cnn", "tuned"), ("mlp", "tuned")),
    ]


def test_metrics_json_has_means_deviations_and_gains():
    tree = metrics_tree(compare_models(MLP).rows)
    baseline, tuned = tree["mlp"]["baseline"], tree["mlp"]["tuned"]
    assert baseline.items() >= {"test_accuracy": 0.96, "test_accuracy_sd": 0.014142}.items()
    differences = [f"{name}_difference" for name in METRIC_NAMES[1:]]
    gains = ["gain", "gain_low", "gain_high", *differences, "metrics_better", "metrics_worse"]
    assert [name for name in tuned if name not in baseline] == gains
    assert tuned.items() >= {"gain": 0.029, "held_out_corruptions_accuracy_difference": 0.3, "metrics_worse": 0}.items()
    assert tuned["test_loss_difference"] < 0
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_metrics_and_verdicts_have_columns_of_their_own():
    result, row = columns(make_results(MLP)[0]), columns(compare_models(MLP).rows[1])
    assert list(result)[: 3 + len(METRIC_NAMES)] == ["family", "variant", "seed", *METRIC_NAMES]
    assert row["test_loss"]["sd"] > 0
    assert (row["test_accuracy_verdict"], row["held_out_corruptions_accuracy_verdict"]) == (OPEN, BETTER)
    assert row["test_accuracy_difference"] == pytest.approx(0.029)
    assert row["test_accuracy_difference_low"] < 0.029 < row["test_accuracy_difference_high"]
    assert (row["test_loss_n_seeds"], row["test_loss_n_images"]) == ((2, 2), N_IMAGES)
