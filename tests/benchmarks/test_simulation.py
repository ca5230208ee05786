"""Do verdicts and intervals keep their word, in fewer draws than benchmarks.statistics makes?"""

import pytest

from benchmarks.simulation import Setting, SimulatedRecipe, any_of_six, measure, plain_bootstrap, power


@pytest.mark.parametrize("seeds", [2, 3, 10])
@pytest.mark.parametrize("spread", [0, 0.001])
def test_equals_are_seldom_told_apart_and_intervals_cover(seeds: int, spread: float) -> None:
    found = measure(Setting(SimulatedRecipe(0.98, spread), images=2000), seeds, draws=300)
    assert found.verdicts <= 0.05
    assert found.pair_coverage >= 0.93
    assert found.coverage >= 0.93


def test_recipes_that_spread_unequally_are_seldom_told_apart_when_equally_good() -> None:
    found = measure(Setting(SimulatedRecipe(0.98, 0), SimulatedRecipe(0.98, 0.0025), images=2000), 3, draws=300)
    assert found.verdicts <= 0.05
    assert found.pair_coverage >= 0.93


def test_six_pairs_together_are_wrong_no_more_often_than_one() -> None:
    assert any_of_six(3, draws=60) <= 0.05


def test_a_plain_bootstrap_would_not_do() -> None:
    assert plain_bootstrap(2, draws=100, resamples=100) < 0.92


def test_power_rises_with_gain_and_seeds() -> None:
    curves, promised = power(draws=6)
    assert curves[10][0] <= 0.4
    assert curves[10][-1] == 1
    assert sum(curves[2]) < sum(curves[3]) < sum(curves[10])
    assert list(promised.values()) == sorted(promised.values(), reverse=True)
