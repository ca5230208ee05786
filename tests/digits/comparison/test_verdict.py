from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.comparison.verdict import Pair, Verdict, holm, judge, mcnemar, over_models

p_values = st.lists(st.floats(0, 1), max_size=12)


def models(*right: int) -> np.ndarray:
    """The first so many images right."""
    return np.arange(1000) < np.array(right)[:, None]


def only(mine: np.ndarray, theirs: np.ndarray) -> Verdict:
    return judge({"pair": Pair(mine, theirs)})["pair"]


def test_a_large_difference_over_close_seeds_is_better_and_the_other_way_round_worse():
    mine, theirs = models(990, 991, 989), models(950, 951, 949)
    assert only(mine, theirs).verdict == "better"
    assert only(theirs, mine).verdict == "worse"
    assert only(mine, theirs).difference == pytest.approx(0.04)


def test_identical_models_are_no_evidence():
    found = only(models(990, 991), models(990, 991))
    assert (found.verdict, found.difference, found.p, found.mcnemar) == ("open", 0, 1, 1)
    assert found.low == -found.high < 0


def test_seeds_far_apart_hide_a_difference_that_each_pair_of_models_shows():
    found = only(models(999, 930, 960), models(920, 890, 855))
    assert found.mcnemar < 0.01
    assert found.verdict == "open"
    assert found.detectable > found.difference


def test_more_seeds_find_what_fewer_cannot():
    mine, theirs = (980, 990) * 5, (970, 980) * 5
    assert only(models(*mine[:2]), models(*theirs[:2])).verdict == "open"
    assert only(models(*mine), models(*theirs)).verdict == "better"


def test_one_seed_is_a_verdict_of_these_models_only():
    found = only(models(990), models(950))
    assert (found.verdict, found.of_recipes, found.seeds, found.images) == ("better", False, (1, 1), 1000)
    assert only(models(990, 991), models(950, 951)).of_recipes


def test_all_right_against_all_right_is_no_evidence_even_on_one_image():
    for images, seeds in product((1, 2, 5), (1, 2)):
        found = only(np.ones((seeds, images), bool), np.ones((seeds, images), bool))
        assert found.verdict == "open"
        assert found.detectable <= 1


def test_pairs_judged_together_each_have_it_harder():
    clear = Pair(models(995, 996, 994), models(950, 951, 949))
    close = Pair(models(985, 986, 984), models(978, 979, 977))
    alone = only(close.mine, close.theirs)
    together = judge({"clear": clear, "close": close, "again": close})
    assert together["close"].p == pytest.approx(2 * alone.p)
    assert together["close"].detectable > alone.detectable
    assert (together["close"].low, together["close"].high) == (alone.low, alone.high)
    assert list(together) == ["clear", "close", "again"]


def test_where_smaller_is_better_the_larger_is_worse():
    large, small = (np.linspace(0, level, 900).repeat(3).reshape(-1, 3).T for level in (2.0, 1.0))
    losses = judge({"more": Pair(large, small, smaller_is_better=True), "less": Pair(small, large, True)})
    assert (losses["more"].verdict, losses["less"].verdict) == ("worse", "better")
    assert losses["more"].difference == pytest.approx(0.5), "as it is, whichever way is better"
    assert judge({"": Pair(large, small)})[""].verdict == "better"


def test_mcnemars_test_is_for_right_or_wrong_alone():
    mine, theirs = models(990), models(950)
    assert only(mine, theirs).mcnemar < 0.001
    assert only(mine.astype(float), theirs.astype(float)).mcnemar is None


def test_holms_correction_is_the_one_computed_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]


@given(p_values)
def test_a_corrected_p_is_no_smaller_and_keeps_the_order(values):
    corrected = holm(values)
    assert all(p <= c <= 1 for p, c in zip(values, corrected, strict=True))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


@pytest.mark.parametrize(
    ("won", "lost", "p"),
    [(0, 0, 1), (1, 0, 0.5), (5, 0, 2 / 2**5 - 1 / 2**5), (5, 1, 2 * 7 / 64 - 6 / 64), (3, 3, 1)],
)
def test_mcnemars_mid_p_is_the_one_computed_by_hand(won, lost, p):
    mine = np.array([[True] * won + [False] * lost + [True, False]])
    theirs = np.array([[False] * won + [True] * lost + [True, False]])
    assert mcnemar(mine, theirs).item() == pytest.approx(p)
    assert mcnemar(theirs, mine).item() == pytest.approx(p)


def test_each_model_meets_each():
    assert mcnemar(models(990, 991), models(950, 951, 952)).shape == (2, 3)


def test_several_models_are_twice_the_median():
    assert over_models(np.array([[0.01, 0.02, 0.3]])) == 0.04
    assert over_models(np.array([[0.6, 0.8]])) == 1
    assert over_models(np.array([[0.6]])) == 0.6
