from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri, stdtrit

from digits.comparison.intervals import Uncertainty, accuracy, difference, residual_variance, uncertainty

Z = -float(ndtri(0.025))

matrices = arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 30)))
numbers = st.floats(-5, 5, width=16)
pairs = st.integers(1, 30).flatmap(
    lambda images: st.one_of(
        st.tuples(*(arrays(kind, st.tuples(st.integers(1, 4), st.just(images)), elements=elements) for _ in range(2)))
        for kind, elements in ((bool, st.booleans()), (float, numbers))
    )
)


def rows(*texts: str) -> np.ndarray:
    return np.array([[mark == "1" for mark in text] for text in texts])


def test_one_seeds_interval_is_wilsons():
    found = accuracy(rows("1" * 81 + "0" * 19))
    assert (found.mean, found.sd) == (0.81, None)
    # Of 100 images at 0.81, by Wilson's formula; its sample variance has 99 in the denominator.
    assert (found.low, found.high) == pytest.approx((0.7222, 0.8749), abs=5e-4)


def test_all_right_is_no_proof_of_perfection():
    found = accuracy(np.ones((3, 10_000), bool))
    assert (found.mean, found.sd, found.high) == (1, 0, 1)
    assert found.low == pytest.approx(1 - Z**2 / (10_000 + Z**2)), "as for 10,000 images, however many seeds"


def test_all_wrong_is_the_mirror_of_all_right():
    right, wrong = (accuracy(np.full((3, 50), value)) for value in (True, False))
    assert (wrong.low, wrong.high) == pytest.approx((1 - right.high, 1 - right.low))


def test_seeds_that_answer_alike_count_as_one():
    once = rows("1101110111" * 100)
    same = np.repeat(once, 5, axis=0)
    assert accuracy(same).low == pytest.approx(accuracy(once).low, rel=1e-6)
    assert difference(same, ~same).uncertainty.variance == pytest.approx(
        difference(once, ~once).uncertainty.variance, rel=5e-3
    )


def test_the_standard_deviation_is_over_the_seeds():
    assert accuracy(rows("1111", "1100")).sd == pytest.approx(sqrt(0.125))


def test_the_variance_counts_the_seeds_luck_once():
    correct = rows("1110", "1100", "1111")
    between_seeds = np.var([0.75, 0.5, 1], ddof=1) / 3
    residual = correct - correct.mean(0) - correct.mean(1, keepdims=True) + correct.mean()
    left_over = np.square(residual).sum() / (2 * 3) / 3
    assert residual_variance(correct) == pytest.approx(left_over)
    of_images = np.var([1, 1, 2 / 3, 1 / 3], ddof=1)
    found = uncertainty(correct.mean(0), correct)
    assert found.variance == pytest.approx(between_seeds + (of_images - left_over) / 4)
    assert found.seed_share == pytest.approx(between_seeds / found.variance)
    assert found.degrees_of_freedom == pytest.approx(2)


def test_only_seeds_that_differ_make_a_students_t():
    assert Uncertainty(1, 0, inf).critical(0.025) == pytest.approx(Z)
    assert Uncertainty(1, 1, 2).critical(0.025) == pytest.approx(-stdtrit(2, 0.025)) == pytest.approx(4.3027, abs=1e-4)
    assert Uncertainty(1, 0.25, 2).critical(0.025) == pytest.approx((3 * Z + 4.3027) / 4, abs=1e-4)


def test_two_spreads_alike_have_welchs_degrees_of_freedom():
    mine, theirs = rows("1100", "0000", "1000"), rows("0011", "0000", "0001")
    assert difference(mine, theirs).uncertainty.degrees_of_freedom == pytest.approx(4)
    assert difference(mine, theirs[[1, 1, 1]]).uncertainty.degrees_of_freedom == pytest.approx(2), (
        "one spread is known to be none"
    )


def test_two_spreads_have_no_more_degrees_of_freedom_than_both_together():
    close, far = rows("1100", "0000", "1000"), rows("0000", "1111", "0000")
    # Parts 1/48 and 1/9, each with 2
    between = (1 / 48 + 1 / 9) ** 2 / ((1 / 48) ** 2 / 3 + (1 / 9) ** 2 / 3) - 1
    assert difference(close, far).uncertainty.degrees_of_freedom == pytest.approx(between)
    assert 2 < between < 4


def test_numbers_have_the_variance_of_their_two_way_table():
    right = rows("1110", "1100", "1111"), rows("1010", "0100", "1011")
    half = tuple(each / 2 for each in right)
    found, of_numbers = difference(*right), difference(*half)
    smallest = 2 / right[0].size ** 2
    assert of_numbers.value == found.value / 2
    assert 4 * of_numbers.uncertainty.variance == pytest.approx(found.uncertainty.variance - smallest)
    shifted = difference(half[0] + 7, half[1] + 7).uncertainty
    assert shifted.variance == pytest.approx(of_numbers.uncertainty.variance), (
        "what all have in common is no difference"
    )


def test_numbers_that_never_vary_are_a_sure_difference_and_none_where_they_are_the_same():
    ones = np.ones((2, 5))
    assert (difference(ones, 2 * ones).value, difference(ones, 2 * ones).p()) == (-1, 0)
    assert (difference(ones, ones).value, difference(ones, ones).p()) == (0, 1)


def test_only_a_share_ends_at_1():
    mine, theirs = rows("11"), rows("00")
    assert difference(mine, theirs).interval()[1] == 1
    assert difference(np.array([[9.0, 1]]), np.zeros((1, 2))).interval()[1] > 10


def test_a_difference_is_paired_by_image():
    hard_for_both = rows("1" * 90 + "0" * 10, "1" * 90 + "0" * 10)
    found = difference(hard_for_both, hard_for_both)
    assert (found.value, found.p()) == (0, 1)
    low, high = found.interval()
    assert -0.02 < low < 0 < high < 0.02, "narrow, yet not of no width"


def test_one_model_each_is_bonetts_and_prices_interval():
    mine, theirs = rows("1" * 90 + "1" * 8 + "0" * 2), rows("1" * 90 + "0" * 8 + "1" * 2)
    found = difference(mine, theirs)
    variance = (10 / 100 - 0.06**2) / 99 + 2 / 100**2
    assert found.value == pytest.approx(0.06)
    assert found.interval() == pytest.approx((0.06 - Z * sqrt(variance), 0.06 + Z * sqrt(variance)))


def test_one_seed_on_either_side_makes_it_a_statement_about_these_models():
    three, one = rows("1100", "0111", "1010"), rows("0110")
    assert difference(three, one).uncertainty.seed_share == difference(one, three).uncertainty.seed_share == 0
    assert difference(three, three[:2]).uncertainty.seed_share > 0


def test_what_is_detectable_is_found_with_that_power():
    found = difference(rows("1" * 100), rows("1" * 100))
    sigma = sqrt(found.uncertainty.variance)
    assert found.detectable(0.05, 0.8) == pytest.approx((1.9600 + 0.8416) * sigma, rel=1e-4)
    assert found.detectable(0.01, 0.8) > found.detectable(0.05, 0.8) > found.detectable(0.05, 0.5)


@given(matrices)
def test_an_accuracy_lies_in_its_interval_and_that_between_0_and_1(correct):
    found = accuracy(correct)
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1
    assert found.low < found.high


@given(pairs)
def test_to_swap_is_to_turn_the_sign(pair):
    mine, theirs = pair
    there, back = difference(mine, theirs), difference(theirs, mine)
    assert there.value == pytest.approx(-back.value)
    assert there.interval() == pytest.approx(tuple(-end for end in reversed(back.interval())))
    assert there.p() == pytest.approx(back.p())


@given(pairs)
def test_p_is_below_5_percent_exactly_where_the_interval_leaves_out_0(pair):
    found = difference(*pair)
    low, high = found.interval()
    p = found.p()
    assert 0 <= p <= 1  # 0 below the smallest of floats
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (not low <= 0 <= high)


@given(pairs, st.randoms())
def test_the_order_of_seeds_and_images_says_nothing(pair, random):
    mine, theirs = pair
    images = random.sample(range(mine.shape[1]), mine.shape[1])
    other = difference(mine[::-1][:, images], theirs[:, images])
    assert other.uncertainty.variance == pytest.approx(difference(mine, theirs).uncertainty.variance)
