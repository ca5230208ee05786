from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri, stdtrit

from digits.comparison.intervals import (
    Uncertainty,
    estimate_accuracy,
    estimate_difference,
    estimate_uncertainty,
    residual_variance,
)

Z = -float(ndtri(0.025))

boolean_matrices = arrays(bool, st.tuples(st.integers(1, 4), st.integers(1, 30)))
numbers = st.floats(-5, 5, width=16)
pairs = st.integers(1, 30).flatmap(
    lambda n_images: st.one_of(
        st.tuples(
            *(arrays(dtype, st.tuples(st.integers(1, 4), st.just(n_images)), elements=elements) for _ in range(2))
        )
        for dtype, elements in ((bool, st.booleans()), (float, numbers))
    )
)


def rows(*texts: str) -> np.ndarray:
    return np.array([[digit == "1" for digit in text] for text in texts])


def test_the_interval_of_one_seed_is_wilsons():
    interval = estimate_accuracy(rows("1" * 81 + "0" * 19))
    assert (interval.mean, interval.sd) == (0.81, None)
    # Wilson's formula for 100 images at 0.81. The sample variance has 99 in its denominator, hence the tolerance.
    assert (interval.low, interval.high) == pytest.approx((0.7222, 0.8749), abs=5e-4)


def test_the_interval_of_a_perfect_accuracy_has_a_width():
    interval = estimate_accuracy(np.ones((3, 10_000), bool))
    assert (interval.mean, interval.sd, interval.high) == (1, 0, 1)
    assert interval.low == pytest.approx(1 - Z**2 / (10_000 + Z**2)), "as for 10,000 images, however many seeds"


def test_the_interval_of_accuracy_0_mirrors_that_of_accuracy_1():
    perfect, zero = (estimate_accuracy(np.full((3, 50), value)) for value in (True, False))
    assert (zero.low, zero.high) == pytest.approx((1 - perfect.high, 1 - perfect.low))


def test_seeds_with_equal_predictions_count_as_one():
    one_seed = rows("1101110111" * 100)
    five_seeds = np.repeat(one_seed, 5, axis=0)
    assert estimate_accuracy(five_seeds).low == pytest.approx(estimate_accuracy(one_seed).low, rel=1e-6)
    assert estimate_difference(five_seeds, ~five_seeds).uncertainty.variance == pytest.approx(
        estimate_difference(one_seed, ~one_seed).uncertainty.variance, rel=5e-3
    )


def test_the_standard_deviation_is_over_the_seeds():
    assert estimate_accuracy(rows("1111", "1100")).sd == pytest.approx(sqrt(0.125))


def test_the_variance_counts_the_effect_of_seeds_once():
    correct = rows("1110", "1100", "1111")
    seed_variance = np.var([0.75, 0.5, 1], ddof=1) / 3
    residuals = correct - correct.mean(0) - correct.mean(1, keepdims=True) + correct.mean()
    residual = np.square(residuals).sum() / (2 * 3) / 3
    assert residual_variance(correct) == pytest.approx(residual)
    image_variance = np.var([1, 1, 2 / 3, 1 / 3], ddof=1)
    uncertainty = estimate_uncertainty(correct.mean(0), correct)
    assert uncertainty.variance == pytest.approx(seed_variance + (image_variance - residual) / 4)
    assert uncertainty.seed_share == pytest.approx(seed_variance / uncertainty.variance)
    assert uncertainty.degrees_of_freedom == pytest.approx(2)


def test_the_critical_value_is_students_t_in_proportion_to_the_seed_share():
    students_t = -stdtrit(2, 0.025)
    assert students_t == pytest.approx(4.3027, abs=1e-4)
    assert Uncertainty(1, 0, inf).critical_value(0.025) == pytest.approx(Z)
    assert Uncertainty(1, 1, 2).critical_value(0.025) == pytest.approx(students_t)
    assert Uncertainty(1, 0.25, 2).critical_value(0.025) == pytest.approx((3 * Z + 4.3027) / 4, abs=1e-4)


def test_equal_spreads_have_welchs_degrees_of_freedom():
    candidate, reference = rows("1100", "0000", "1000"), rows("0011", "0000", "0001")
    constant = reference[[1, 1, 1]]
    assert estimate_difference(candidate, reference).uncertainty.degrees_of_freedom == pytest.approx(4)
    assert estimate_difference(candidate, constant).uncertainty.degrees_of_freedom == pytest.approx(2)


def test_unequal_spreads_have_fewer_degrees_of_freedom_than_their_sum():
    candidate, reference = rows("1100", "0000", "1000"), rows("0000", "1111", "0000")
    # Parts 1/48 and 1/9, with 2 degrees of freedom each.
    expected = (1 / 48 + 1 / 9) ** 2 / ((1 / 48) ** 2 / 3 + (1 / 9) ** 2 / 3) - 1
    assert estimate_difference(candidate, reference).uncertainty.degrees_of_freedom == pytest.approx(expected)
    assert 2 < expected < 4


def test_numbers_have_the_variance_of_their_two_way_table():
    candidate, reference = rows("1110", "1100", "1111"), rows("1010", "0100", "1011")
    booleans, halves = estimate_difference(candidate, reference), estimate_difference(candidate / 2, reference / 2)
    boolean_correction = 2 / candidate.size**2
    assert halves.value == booleans.value / 2
    assert 4 * halves.uncertainty.variance == pytest.approx(booleans.uncertainty.variance - boolean_correction)
    shifted = estimate_difference(candidate / 2 + 7, reference / 2 + 7).uncertainty
    assert shifted.variance == pytest.approx(halves.uncertainty.variance), "a constant added to both changes nothing"


def test_constant_numbers_have_a_p_of_0_where_they_differ_and_1_where_they_are_equal():
    ones = np.ones((2, 5))
    assert (estimate_difference(ones, 2 * ones).value, estimate_difference(ones, 2 * ones).p()) == (-1, 0)
    assert (estimate_difference(ones, ones).value, estimate_difference(ones, ones).p()) == (0, 1)


def test_only_intervals_of_booleans_end_at_1():
    assert estimate_difference(rows("11"), rows("00")).interval()[1] == 1
    assert estimate_difference(np.array([[9.0, 1]]), np.zeros((1, 2))).interval()[1] > 10


def test_a_difference_is_paired_by_image():
    correct = rows("1" * 90 + "0" * 10, "1" * 90 + "0" * 10)
    estimate = estimate_difference(correct, correct)
    assert (estimate.value, estimate.p()) == (0, 1)
    low, high = estimate.interval()
    assert -0.02 < low < 0 < high < 0.02, "narrow, but wider than 0"


def test_the_interval_of_one_model_each_is_bonetts_and_prices():
    candidate, reference = rows("1" * 90 + "1" * 8 + "0" * 2), rows("1" * 90 + "0" * 8 + "1" * 2)
    estimate = estimate_difference(candidate, reference)
    variance = (10 / 100 - 0.06**2) / 99 + 2 / 100**2
    assert estimate.value == pytest.approx(0.06)
    assert estimate.interval() == pytest.approx((0.06 - Z * sqrt(variance), 0.06 + Z * sqrt(variance)))


def test_one_seed_on_either_side_has_no_variance_between_seeds():
    three_seeds, one_seed = rows("1100", "0111", "1010"), rows("0110")
    assert estimate_difference(three_seeds, one_seed).uncertainty.seed_share == 0
    assert estimate_difference(one_seed, three_seeds).uncertainty.seed_share == 0
    assert estimate_difference(three_seeds, three_seeds[:2]).uncertainty.seed_share > 0


def test_the_detectable_difference_depends_on_level_and_power():
    estimate = estimate_difference(rows("1" * 100), rows("1" * 100))
    sigma = sqrt(estimate.uncertainty.variance)
    assert estimate.detectable(0.05, 0.8) == pytest.approx((1.9600 + 0.8416) * sigma, rel=1e-4)
    assert estimate.detectable(0.01, 0.8) > estimate.detectable(0.05, 0.8) > estimate.detectable(0.05, 0.5)


@given(boolean_matrices)
def test_an_accuracy_is_within_its_interval_between_0_and_1(correct):
    interval = estimate_accuracy(correct)
    assert 0 <= interval.low <= interval.mean + 1e-12
    assert interval.mean - 1e-12 <= interval.high <= 1
    assert interval.low < interval.high


@given(pairs)
def test_swapping_the_variants_changes_the_sign(pair):
    candidate, reference = pair
    forward, backward = estimate_difference(candidate, reference), estimate_difference(reference, candidate)
    assert forward.value == pytest.approx(-backward.value)
    assert forward.interval() == pytest.approx(tuple(-end for end in reversed(backward.interval())))
    assert forward.p() == pytest.approx(backward.p())


@given(pairs)
def test_p_is_below_5_percent_exactly_where_the_interval_excludes_0(pair):
    estimate = estimate_difference(*pair)
    low, high = estimate.interval()
    p = estimate.p()
    assert 0 <= p <= 1  # 0 where it is below the smallest float
    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (not low <= 0 <= high)


@given(pairs, st.randoms())
def test_the_order_of_seeds_and_images_does_not_matter(pair, random):
    candidate, reference = pair
    order = random.sample(range(candidate.shape[1]), candidate.shape[1])
    reordered = estimate_difference(candidate[::-1][:, order], reference[:, order])
    assert reordered.uncertainty.variance == pytest.approx(
        estimate_difference(candidate, reference).uncertainty.variance
    )
