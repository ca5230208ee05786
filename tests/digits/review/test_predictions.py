from dataclasses import replace

import numpy as np
import pytest

from digits.evaluation.metrics import METRICS
from digits.review.page import IDENTICAL, verdicts
from digits.review.predictions import RevisionComparison, RevisionPredictions, compare, group_by_model
from tests.digits.review.factories import LABELS, N_IMAGES, make_predictions, make_stored

NAMES = [metric.name for metric in METRICS]
ON_ALL_IMAGES = ["test_accuracy", "test_loss", "calibration_error"]


def metrics_by_model(comparison: RevisionComparison) -> dict[str, list[str]]:
    models = dict.fromkeys(row.model for row in comparison.rows)
    return {model: [row.metric.name for row in comparison.rows if row.model == model] for model in models}


def merge(first: RevisionPredictions, second: RevisionPredictions) -> RevisionPredictions:
    ensembles = first.ensemble_corrupted_correct | second.ensemble_corrupted_correct
    return RevisionPredictions(LABELS, first.models | second.models, ensembles)


def test_arrays_are_grouped_by_the_names_of_their_files() -> None:
    mlp, cnn = make_predictions(3, 1), make_predictions(3, 2)
    arrays = {
        "labels": LABELS,
        "mlp-tuned-12": mlp.probabilities,
        "cnn-baseline-1": cnn.probabilities,
        "notes": LABELS,
        "corrupted/mlp-tuned-12": mlp.corrupted_correct,
        "corrupted/mlp-tuned-ensemble": cnn.corrupted_correct,
    }
    stored = group_by_model(arrays)
    assert list(stored.models) == [("mlp", "tuned", 12), ("cnn", "baseline", 1)]
    assert stored.models["mlp", "tuned", 12].corrupted_correct is mlp.corrupted_correct
    assert stored.models["cnn", "baseline", 1].corrupted_correct is None
    assert stored.ensemble_corrupted_correct == {("mlp", "tuned"): cnn.corrupted_correct}


def test_each_variant_and_then_its_ensemble_is_compared_by_every_metric() -> None:
    comparison = compare(make_stored(mlp=100, cnn=50), make_stored(mlp=100, cnn=50, draw=1))
    models = ("cnn tuned", "cnn tuned ensemble", "mlp tuned", "mlp tuned ensemble")
    assert metrics_by_model(comparison) == dict.fromkeys(models, NAMES)


def test_without_corrupted_images_the_other_metrics_are_compared() -> None:
    base, head = make_stored(mlp=100), make_stored(mlp=100, draw=1)
    comparison = compare(base.without_corrupted_images(), head.without_corrupted_images())
    assert metrics_by_model(comparison) == {"mlp tuned": ON_ALL_IMAGES, "mlp tuned ensemble": ON_ALL_IMAGES}
    assert (base.without_corrupted_images().corrupted_shapes, len(base.corrupted_shapes)) == (set(), 1)


def test_an_ensemble_of_some_seeds_is_not_compared_on_corrupted_images() -> None:
    comparison = compare(make_stored(mlp=100, seeds=(1, 2, 3)), make_stored(mlp=100, seeds=(2, 3), draw=1))
    assert metrics_by_model(comparison) == {"mlp tuned": NAMES, "mlp tuned ensemble": ON_ALL_IMAGES}


def test_models_of_one_revision_are_listed_and_not_compared() -> None:
    comparison = compare(make_stored(mlp=100, seeds=(1, 2)), make_stored(mlp=100, cnn=50, seeds=(2, 3)))
    assert [(row.model, row.seeds) for row in comparison.rows] == [("mlp tuned", (2,))]
    assert comparison.only_in_base == ("mlp-tuned-1",)
    assert comparison.only_in_head == ("cnn-tuned-2", "cnn-tuned-3", "mlp-tuned-3")
    assert "Only in head, so not compared: cnn-tuned-2, cnn-tuned-3, mlp-tuned-3." in verdicts(comparison)


def test_differences_are_those_of_the_stored_predictions() -> None:
    rows = compare(make_stored(mlp=100, corrupted_error=0.2), make_stored(mlp=200, corrupted_error=0.1, draw=1)).rows
    accuracy, loss, _, trained, held_out = rows[: len(METRICS)]
    assert accuracy.base.mean == pytest.approx(1 - 102 / N_IMAGES)
    assert accuracy.head.mean == pytest.approx(1 - 202 / N_IMAGES)
    assert accuracy.verdict.difference == pytest.approx(-100 / N_IMAGES)
    assert loss.verdict.difference == pytest.approx(100 / N_IMAGES * np.log(0.95 * 3 / 0.05), rel=1e-3)
    assert trained.verdict.difference == pytest.approx(0.1, abs=0.01)
    actual = [row.verdict.decision for row in (accuracy, loss, trained, held_out)]
    assert actual == ["worse", "worse", "better", "better"]
    assert rows[len(METRICS)].base.sd is None  # an ensemble


def test_identical_models_do_not_count_as_comparisons() -> None:
    base, head = make_stored(mlp=100), make_stored(mlp=115, draw=1)
    mlp_only = compare(base, head)
    cnn = make_stored(cnn=50)
    both = compare(merge(base, cnn), merge(head, cnn))
    assert [row for row in both.rows if row.model.startswith("mlp")] == list(mlp_only.rows)
    assert [row.verdict for row in both.rows if row.model.startswith("cnn")] == [None, None]
    assert IDENTICAL in verdicts(both)


def test_models_that_differ_on_corrupted_images_alone_are_compared() -> None:
    base = make_stored(mlp=100, seeds=(1,))
    models = {key: replace(model, corrupted_correct=~model.corrupted_correct) for key, model in base.models.items()}
    assert metrics_by_model(compare(base, replace(base, models=models))) == {"mlp tuned": NAMES}


def test_different_probabilities_of_the_same_classes_are_compared() -> None:
    base = make_stored(mlp=100)
    models = {key: replace(model, probabilities=np.sqrt(model.probabilities)) for key, model in base.models.items()}
    rows = compare(base, replace(base, models=models)).rows[: len(METRICS)]
    assert [row.verdict.decision for row in rows] == ["open", "better", "worse", "open", "open"]


def test_a_verdict_of_one_seed_holds_for_these_models_only() -> None:
    text = verdicts(compare(make_stored(mlp=9, seeds=(1,)), make_stored(mlp=8, seeds=(1,))))
    assert "holds for these models only, not for other seeds" in text
