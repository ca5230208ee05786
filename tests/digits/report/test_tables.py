from dataclasses import replace

from digits.comparison.comparison import Spread
from digits.comparison.intervals import Accuracy
from digits.evaluation.metrics import METRICS
from digits.report import tables
from tests.digits.comparison.test_comparison import CNN, MLP, compare_models, make_predictions

EXACT = Accuracy(0.989, 0.001, 0.98, 0.995)


def judged(row, **verdicts):
    """As if these were its verdicts: each a verdict, a difference and the ends of its interval."""
    return {
        name: replace(row.verdicts[name], verdict=said, difference=difference, low=low, high=high)
        for name, (said, difference, low, high) in verdicts.items()
    }


def tuned_row():
    row = compare_models(MLP).rows[1]
    metrics = dict(row.metrics) | {
        "test_loss": Spread(0.0712, 0.0004),
        "calibration_error": Spread(0.05, 0),
        "held_out_corruptions_accuracy": Spread(0.9345, 0.0012),
    }
    verdicts = judged(
        row,
        test_accuracy=("better", 0.0117, 0.009, 0.0143),
        test_loss=("worse", 0.01234, 0.001, 0.02),
        calibration_error=("open", 0, -0.01, 0.01),
        held_out_corruptions_accuracy=("better", 0.2, 0.1, 0.3),
    )
    return replace(row, accuracy=EXACT, metrics=metrics, verdicts=verdicts)


def test_the_table_reads_as_it_should():
    found = compare_models(MLP)
    lines = tables.results(replace(found, rows=(found.rows[0], tuned_row()))).splitlines()
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


def test_what_a_verdict_covers_is_one_found_recipe_or_searching():
    found = compare_models(MLP)
    several = replace(found, n_searches=2)
    for each, covered in ((found, "the one recipe that its search found"), (several, "searching (2 searches")):
        assert f"tuned is {covered}" in tables.results(each)
        assert f"tuned is {covered}" in tables.verdicts(each)
    assert "allow for other seeds and other test images" in tables.results(found)
    assert "allow for other searches, other seeds and other test images" in tables.results(several)
    alone = compare_models({key: models[:1] for key, models in MLP.items()})
    assert "its search found" not in tables.results(alone) + tables.verdicts(alone)


def test_a_sentence_says_on_how_many_axes_each_family_wins_ties_and_loses():
    found = compare_models(MLP)
    sentence = tables.sentences(replace(found, rows=(found.rows[0], tuned_row())))
    counts = (
        "better than its baseline on 2 of 4 ",
        "(test accuracy, held-out corruptions)",
        "on 1 (calibration error)",
    )
    assert all(count in sentence for count in (*counts, "worse on 1 (loss)"))
    nothing = tables.sentences(compare_models({key: [make_predictions(30), make_predictions(31)] for key in MLP}))
    assert "better than its baseline on none of 5 " in nothing
    assert nothing.endswith("worse on none.")
    assert tables.sentences(compare_models(MLP | CNN)).count(" is better than its baseline ") == 2


def test_one_seed_says_what_its_intervals_are_not_for():
    text = tables.results(compare_models({key: models[:1] for key, models in MLP.items()}))
    assert "One model each, of seed 1;" in text
    assert "Intervals allow for other test images." in text
    assert "nsemble" not in text


def test_each_pair_has_a_table_with_a_line_for_each_axis():
    judged = tuned_row().verdicts.items()
    verdicts = {name: replace(each, p=0.01, mcnemar=each.mcnemar and 0.5, detectable=0.02) for name, each in judged}
    head, _, *lines = tables.verdict_table(("mlp", "tuned"), ("mlp", "baseline"), verdicts).splitlines()
    assert head.startswith("| mlp tuned over mlp baseline | Verdict | Difference | 95 % interval | p | McNemar")
    assert lines[:2] == [
        "| Test accuracy | better | +1.17 points | +0.90 to +1.43 | 0.010 | 0.500 | 2.00 points |",
        "| Loss (less is better) | worse | +0.0123 | +0.0010 to +0.0200 | 0.010 | – | 0.0200 |",
    ]
    assert lines[2].startswith("| Calibration error (less is better) | no evidence | +0.00 points | -1.00 to +1.00 |")


def test_verdicts_on_single_models_are_marked():
    lines = tables.verdicts(compare_models(MLP | CNN)).splitlines()
    assert sum(line.startswith("| Test accuracy | ") for line in lines) == 5
    assert sum(" * |" in line for line in lines) == 2 * len(METRICS)
    assert f"for all {5 * len(METRICS)} pairs and axes" in lines[-1]
    assert "Verdicts with * are of these very models" in lines[-1]


def test_a_name_with_a_bar_or_a_line_break_stays_in_its_cell():
    assert tables.table(("Class",), "l", [("a|b\nc",)]).splitlines()[2] == "| a\\|b c |"
