from dataclasses import replace

from digits.comparison import tables
from digits.comparison.comparison import Spread
from digits.comparison.intervals import Accuracy
from tests.digits.comparison.test_comparison import CNN, MLP, compared

EXACT = Accuracy(0.989, 0.001, 0.98, 0.995)


def test_the_table_reads_as_it_should():
    found = compared(MLP)
    tuned = replace(found.rows[1], accuracy=EXACT, test_loss=Spread(0.0712, 0.0004), calibration_error=Spread(0.05, 0))
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
