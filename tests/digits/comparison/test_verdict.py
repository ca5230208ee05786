from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.comparison.verdict import MetricPair, Verdict, combine_p_values, holm, judge, mcnemar

p_values = st.lists(st.floats(0, 1), max_size=12)


def models(*n_correct: int) -> np.ndarray:
    """Return one model per count, correct on that many of 1,000 images, the first ones."""
    return np.arange(1000) < np.array(n_correct)[:, None]


def judge_pair(candidate: np.ndarray, reference: np.ndarray) -> Verdict:
    return judge({"pair": MetricPair(candidate, reference)})["pair"]


def test_a_large_difference_over_similar_seeds_is_better_and_its_reverse_worse():
    high, low = models(990, 991, 989), models(950, 951, 949)
    assert judge_pair(high, low).decision == "better"
    assert judge_pair(low, high).decision == "worse"
    assert judge_pair(high, low).difference == pytest.approx(0.04)


def test_identical_models_are_open():
    verdict = judge_pair(models(990, 991), models(990, 991))
    assert (verdict.decision, verdict.difference, verdict.p, verdict.mcnemar) == ("open", 0, 1, 1)
    assert verdict.low == -verdict.high < 0


def test_a_large_spread_over_seeds_is_open_although_single_models_differ():
    verdict = judge_pair(models(999, 930, 960), models(920, 890, 855))
    assert verdict.mcnemar < 0.01
    assert verdict.decision == "open"
    assert verdict.detectable > verdict.difference


def test_more_seeds_detect_smaller_differences():
    candidate, reference = (980, 990) * 5, (970, 980) * 5
    assert judge_pair(models(*candidate[:2]), models(*reference[:2])).decision == "open"
    assert judge_pair(models(*candidate), models(*reference)).decision == "better"


def test_a_verdict_generalizes_over_seeds_from_two_seeds_on():
    verdict = judge_pair(models(990), models(950))
    assert (verdict.decision, verdict.generalizes_over_seeds) == ("better", False)
    assert (verdict.n_seeds, verdict.n_images) == ((1, 1), 1000)
    assert judge_pair(models(990, 991), models(950, 951)).generalizes_over_seeds


def test_perfect_models_are_open_on_any_number_of_images():
    for n_images, n_seeds in product((1, 2, 5), (1, 2)):
        perfect = np.ones((n_seeds, n_images), bool)
        verdict = judge_pair(perfect, perfect)
        assert verdict.decision == "open"
        assert verdict.detectable <= 1


def test_more_pairs_raise_p_and_the_detectable_difference():
    clear = MetricPair(models(995, 996, 994), models(950, 951, 949))
    close = MetricPair(models(985, 986, 984), models(978, 979, 977))
    uncorrected = judge_pair(close.candidate, close.reference)
    verdicts = judge({"clear": clear, "close": close, "again": close})
    assert verdicts["close"].p == pytest.approx(2 * uncorrected.p)
    assert verdicts["close"].detectable > uncorrected.detectable
    assert (verdicts["close"].low, verdicts["close"].high) == (uncorrected.low, uncorrected.high)
    assert list(verdicts) == ["clear", "close", "again"]


def test_where_smaller_is_better_the_larger_is_worse():
    large, small = (np.linspace(0, level, 900).repeat(3).reshape(-1, 3).T for level in (2.0, 1.0))
    verdicts = judge(
        {"large": MetricPair(large, small, smaller_is_better=True), "small": MetricPair(small, large, True)}
    )
    assert (verdicts["large"].decision, verdicts["small"].decision) == ("worse", "better")
    assert verdicts["large"].difference == pytest.approx(0.5), "candidate minus reference, whichever is better"
    assert judge({"pair": MetricPair(large, small)})["pair"].decision == "better"


def test_mcnemars_test_is_for_booleans_only():
    candidate, reference = models(990), models(950)
    assert judge_pair(candidate, reference).mcnemar < 0.001
    assert judge_pair(candidate.astype(float), reference.astype(float)).mcnemar is None


def test_holms_correction_equals_the_one_computed_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]


@given(p_values)
def test_corrected_p_values_are_no_smaller_and_keep_their_order(values):
    corrected = holm(values)
    assert all(value <= corrected_value <= 1 for value, corrected_value in zip(values, corrected, strict=True))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1), (1, 0, 0.5), (5, 0, 2 / 2**5 - 1 / 2**5), (5, 1, 2 * 7 / 64 - 6 / 64), (3, 3, 1)],
)
def test_mcnemars_mid_p_equals_the_one_computed_by_hand(wins, losses, p):
    candidate = np.array([[True] * wins + [False] * losses + [True, False]])
    reference = np.array([[False] * wins + [True] * losses + [True, False]])
    assert mcnemar(candidate, reference).item() == pytest.approx(p)
    assert mcnemar(reference, candidate).item() == pytest.approx(p)


def test_mcnemar_compares_every_candidate_with_every_reference():
    assert mcnemar(models(990, 991), models(950, 951, 952)).shape == (2, 3)


def test_several_p_values_combine_to_twice_the_median():
    assert combine_p_values(np.array([[0.01, 0.02, 0.3]])) == 0.04
    assert combine_p_values(np.array([[0.6, 0.8]])) == 1
    assert combine_p_values(np.array([[0.6]])) == 0.6
