"""Do verdicts and intervals keep their word, in fewer draws than benchmarks.statistics makes?"""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.recipes import AXES, CNN, DIFFERENT, EQUAL, IMAGES, MLP, SAME, Setting
from benchmarks.simulation import GAINS, any_of_many, detectable, measure, on_real_images, plain_bootstrap, power
from digits.common import files


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_equals_are_seldom_told_apart_on_any_axis_and_intervals_cover(seeds: int) -> None:
    found = measure(Setting(replace(MLP, spread=0.001), images=2000), seeds, draws=150)
    assert found.verdicts <= 0.05
    assert found.accuracy_covers >= 0.91
    assert min(found.pair_covers.values()) >= 0.91


def test_recipes_that_spread_unequally_are_seldom_told_apart_when_equally_good() -> None:
    found = measure(replace(EQUAL[1], images=2000), 3, draws=150)
    assert found.verdicts <= 0.05
    assert min(found.pair_covers.values()) >= 0.91


def test_a_simulated_cnn_is_as_good_as_the_trained_one() -> None:
    rng = np.random.default_rng(1)
    values = CNN.values(rng, rng.standard_normal(IMAGES, dtype=np.float32), 20)
    means = {axis: each.mean() for axis, each in values.items()}
    assert list(means) == list(AXES)
    assert means["test_accuracy"] == pytest.approx(0.992, abs=0.002)
    assert means["test_loss"] == pytest.approx(0.025, abs=0.005)
    assert means["calibration_error"] == pytest.approx(0.0035, abs=0.001)
    assert means["unseen_accuracy"] == pytest.approx(0.95, abs=0.01)
    assert values["unseen_accuracy"].shape == (20, IMAGES // 10)


def test_settings_have_names_of_their_own_for_their_draws() -> None:
    settings = (*SAME, *EQUAL, *DIFFERENT)
    assert len(set(map(str, settings))) == len(settings)


def test_many_pairs_and_axes_together_are_wrong_no_more_often_than_one() -> None:
    assert any_of_many(3, draws=20) <= 0.1


def test_a_plain_bootstrap_would_not_do() -> None:
    assert plain_bootstrap(2, draws=100, resamples=100) < 0.92


def test_power_rises_with_gain_and_seeds() -> None:
    few, many = power(2, draws=2), power(5, draws=2)
    assert len(few) == len(GAINS)
    assert sum(few) < sum(many)
    assert many[-1] == 1


def test_more_seeds_find_smaller_differences_on_each_axis() -> None:
    found = detectable(draws=3)
    assert all(found[5][axis] < found[2][axis] for axis in AXES)


def test_real_models_are_resampled_on_the_axes_that_they_were_measured_on(project) -> None:
    rng = np.random.default_rng(2)
    files.write_array("data/predictions/labels.npy", np.zeros(200, int))
    for seed in (1, 2):
        files.write_array(f"data/predictions/cnn-tuned-{seed}.npy", rng.dirichlet((9, 1, 1), 200))
    [(variant, false, _)] = on_real_images(3, draws=5)
    assert (variant, false) == ("cnn-tuned", 0)
