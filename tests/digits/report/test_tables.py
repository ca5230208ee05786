from dataclasses import replace

from digits.comparison.comparison import Comparison, Spread, VariantResult
from digits.comparison.intervals import AccuracyEstimate
from digits.comparison.verdict import Verdict
from digits.evaluation.metrics import METRICS
from digits.report import tables
from tests.digits.comparison.test_comparison import CNN, MLP, compare_models, make_predictions

ACCURACY = AccuracyEstimate(0.989, 0.001, 0.98, 0.995)
ONE_SEED = {key: models[:1] for key, models in MLP.items()}


def change_verdicts(row: VariantResult, **verdicts: tuple[str, float, float, float]) -> dict[str, Verdict]:
    """Return the row's verdicts with these verdicts, differences and intervals."""
    return {
        name: replace(row.verdicts[name], decision=decision, difference=difference, low=low, high=high)
        for name, (decision, difference, low, high) in verdicts.items()
    }


def tuned_row() -> VariantResult:
    row = compare_models(MLP).rows[1]
    metrics = dict(row.metrics) | {
        "test_loss": Spread(0.0712, 0.0004),
        "calibration_error": Spread(0.05, 0),
        "held_out_corruptions_accuracy": Spread(0.9345, 0.0012),
    }
    verdicts = change_verdicts(
        row,
        test_accuracy=("better", 0.0117, 0.009, 0.0143),
        test_loss=("worse", 0.01234, 0.001, 0.02),
        calibration_error=("open", 0, -0.01, 0.01),
        held_out_corruptions_accuracy=("better", 0.2, 0.1, 0.3),
    )
    return replace(row, accuracy=ACCURACY, metrics=metrics, verdicts=verdicts)


def mixed_comparison() -> Comparison:
    comparison = compare_models(MLP)
    return replace(comparison, rows=(comparison.rows[0], tuned_row(), *comparison.rows[2:]))


def test_the_overview_has_a_sentence_per_family_and_a_row_per_model_without_ensembles():
    sentence, table, note = tables.overview(mixed_comparison()).rstrip().split("\n\n")
    assert sentence == (
        "The tuned mlp is better than its baseline on 2 of 4 metrics, open on 1 (calibration error), worse on 1 (loss)."
    )
    assert table.splitlines() == [
        "| Model | Test accuracy | Gain (95 % interval) | Verdict | Other metrics |",
        "|---|---:|---:|---|---|",
        "| mlp baseline | 96.00 ± 1.41 % | – | – | – |",
        "| mlp tuned | 98.90 ± 0.10 % | +1.17 points [+0.90, +1.43] | better | 1 better, 1 worse, 1 open |",
    ]
    assert note == (
        "Mean ± standard deviation over seeds 1, 2; 1,000 test images; 10 epochs each; open: neither better nor worse."
    )


def test_the_overview_explains_open_only_if_it_occurs():
    comparison = compare_models(MLP)
    row = tuned_row()
    better = {name: replace(verdict, decision="better") for name, verdict in row.verdicts.items()}
    overview = tables.overview(replace(comparison, rows=(comparison.rows[0], replace(row, verdicts=better))))
    assert "| better | 3 better |" in overview
    assert overview.startswith("The tuned mlp is better than its baseline on 4 of 4 metrics.\n")
    assert "open" not in overview


def test_the_overview_has_two_rows_per_family():
    overview = tables.overview(compare_models(MLP | CNN))
    assert overview.count(" is better than its baseline ") == 2
    assert [line.split(" | ")[0] for line in overview.splitlines() if line.startswith("| ")][1:] == [
        "| mlp baseline",
        "| mlp tuned",
        "| cnn baseline",
        "| cnn tuned",
    ]


def test_equal_models_are_better_on_none_of_the_metrics():
    overview = tables.overview(compare_models({key: [make_predictions(30), make_predictions(31)] for key in MLP}))
    assert "better than its baseline on none of 5 metrics, open on 5 (" in overview
    assert "worse on" not in overview


def test_one_seed_has_no_deviation_in_the_overview():
    assert "One model each, seed 1;" in tables.overview(compare_models(ONE_SEED))


def test_the_table_of_results_has_marks_and_gains():
    lines = tables.results(mixed_comparison()).splitlines()
    assert lines[0] == (
        "| Model | Test accuracy | 95 % interval | Loss | Calibration error | Held-out corruptions | Parameters "
        "| Multiply-adds | Gain in accuracy |"
    )
    assert lines[3] == (
        "| mlp tuned | 98.90 ± 0.10 % ✓ | 98.00 to 99.50 % | 0.0712 ± 0.0004 ✗ | 5.0 ± 0.0 % | 93.5 ± 0.1 % ✓ "
        "| 407,050 | 406,528 | +1.17 [+0.90, +1.43] |"
    )
    assert lines[2].endswith("| – |")
    assert lines[-1].startswith("Mean ± standard deviation over seeds 1, 2; 1,000 test images; 10 epochs each.")
    assert "averages the predicted probabilities of its 2 models" in lines[-1]


def test_notes_state_the_scope_of_the_verdicts():
    comparison = compare_models(MLP)
    several = replace(comparison, n_searches=2)
    for scoped, scope in ((comparison, "the one recipe that its search found"), (several, "the search itself (2 ")):
        assert f"tuned models apply to {scope}" in tables.results(scoped)
        assert f"tuned models apply to {scope}" in tables.verdicts(scoped)
    assert "the choice of seeds and test images" in tables.results(comparison)
    assert "the choice of searches, seeds and test images" in tables.results(several)
    one_seed = compare_models(ONE_SEED)
    assert "its search found" not in tables.results(one_seed) + tables.verdicts(one_seed)


def test_intervals_of_one_seed_are_about_test_images_only():
    text = tables.results(compare_models(ONE_SEED))
    assert "One model each, seed 1;" in text
    assert "the choice of test images only" in text
    assert "nsemble" not in text


def test_each_pair_has_a_table_with_a_row_per_metric():
    verdicts = {
        name: replace(verdict, p=0.01, mcnemar=verdict.mcnemar and 0.5, detectable=0.02)
        for name, verdict in tuned_row().verdicts.items()
    }
    header, _, *lines = tables.verdict_table(("mlp", "tuned"), ("mlp", "baseline"), verdicts).splitlines()
    assert header.startswith("| mlp tuned vs. mlp baseline | Verdict | Difference | 95 % interval | p | McNemar")
    assert lines[:2] == [
        "| Test accuracy | better | +1.17 points | +0.90 to +1.43 | 0.010 | 0.500 | 2.00 points |",
        "| Loss (lower is better) | worse | +0.0123 | +0.0010 to +0.0200 | 0.010 | – | 0.0200 |",
    ]
    assert lines[2].startswith("| Calibration error (lower is better) | open | +0.00 points | -1.00 to +1.00 |")


def test_verdicts_on_single_models_are_marked():
    lines = tables.verdicts(compare_models(MLP | CNN)).splitlines()
    assert sum(line.startswith("| Test accuracy | ") for line in lines) == 5
    assert sum(" * |" in line for line in lines) == 2 * len(METRICS)
    assert f"for all {5 * len(METRICS)} combinations of pair and metric" in lines[-1]
    assert "Verdicts with * apply to these models only" in lines[-1]


def test_the_note_on_verdicts_lists_the_compared_pairs():
    pairs = "Compared pairs: tuned against baseline of each family"
    assert f"{pairs}, also as ensembles; tuned models of different families." in tables.verdicts(
        compare_models(MLP | CNN)
    )
    assert f"{pairs}." in tables.verdicts(compare_models(ONE_SEED))


def test_the_note_on_verdicts_distinguishes_them_from_the_interval():
    assert "may exclude 0 although the verdict is open" in tables.verdicts(compare_models(MLP))


def test_bars_and_line_breaks_are_escaped():
    assert tables.table(("Class",), "l", [("a|b\nc",)]).splitlines()[2] == "| a\\|b c |"
