"""Do verdicts and intervals keep their word, in fewer draws than benchmarks.statistics makes?"""

from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks import statistics
from benchmarks.recipes import ACCURACY, CNN, DIFFERENT, EQUAL, IMAGES, METRIC_NAMES, MLP, SAME, TUNED, Setting
from benchmarks.simulated_searches import Searched, after_searches, measure_search, powers, truth
from benchmarks.simulation import GAINS, any_of_many, detectable, measure, plain_bootstrap, power
from digits.core import files
from digits.core.errors import UserError


@pytest.mark.parametrize(
    ("setting", "seeds"), [*((Setting(replace(MLP, spread=0.001)), seeds) for seeds in (2, 3, 5)), (EQUAL[1], 3)]
)
def test_equals_are_seldom_told_apart_on_any_axis_and_intervals_cover(setting: Setting, seeds: int) -> None:
    """The last spread unequally."""
    found = measure(replace(setting, images=2000), seeds, draws=150)
    assert found.false_positive_rate <= 0.05
    assert found.accuracy_covers >= 0.91
    assert min(found.covers.values()) >= 0.91


def test_a_simulated_cnn_is_as_good_as_the_trained_one() -> None:
    rng = np.random.default_rng(1)
    values = CNN.values(rng, rng.standard_normal(IMAGES, dtype=np.float32), 20)
    means = {axis: each.mean() for axis, each in values.items()}
    assert list(means) == list(METRIC_NAMES)
    assert means["test_accuracy"] == pytest.approx(0.992, abs=0.002)
    assert means["test_loss"] == pytest.approx(0.025, abs=0.005)
    assert means["calibration_error"] == pytest.approx(0.0035, abs=0.001)
    assert means["held_out_corruptions_accuracy"] == pytest.approx(0.95, abs=0.01)
    assert values["held_out_corruptions_accuracy"].shape == (20, IMAGES // 10)


def test_settings_have_names_of_their_own_for_their_draws() -> None:
    settings = (*SAME, *EQUAL, *DIFFERENT)
    assert len(set(map(str, settings))) == len(settings)


def test_a_setting_draws_what_it_drew_for_the_tables_in_the_docs() -> None:
    found = measure(replace(EQUAL[3], images=1000), 2, draws=40)
    assert found.false_positive_rate == 0
    assert found.accuracy_covers == 0.975
    assert list(found.covers.values()) == [1, 0.95, 0.95, 0.975, 0.95]


def searched(spread: float, lucks: np.ndarray) -> Searched:
    return Searched(**asdict(TUNED), search_spread=spread, lucks=lucks)


def test_searches_find_in_the_mean_what_is_said_and_spread_as_said() -> None:
    lucks = np.random.default_rng(1).standard_normal((4000, 3))
    tuned = searched(0.0006, lucks)
    found = [tuned.found(each) for each in lucks]
    accuracies, hard = [each.accuracy for each in found], [each.hard for each in found]
    assert np.mean(accuracies) == pytest.approx(TUNED.accuracy, abs=4e-5)
    assert np.std(accuracies) == pytest.approx(0.0006, rel=0.05)
    assert np.mean(hard) == pytest.approx(TUNED.hard, abs=4e-4)
    assert np.std(hard) == pytest.approx(2 * TUNED.hard_spread, rel=0.05)
    assert max(hard) < 1


def test_one_search_gives_all_seeds_its_recipe_and_a_search_each_gives_each_its_own() -> None:
    lucks, rng = np.array([[3, 0, 0], [-3, 0, 0]]), np.random.default_rng(1)
    images = rng.standard_normal(IMAGES, dtype=np.float32)
    good, bad = (searched(0.001, lucks[[one]]).values(rng, images, 2)[ACCURACY].mean(axis=1) for one in (0, 1))
    each = searched(0.001, lucks).values(rng, images, 2)[ACCURACY].mean(axis=1)
    assert min(good) > 0.997 > 0.995 > max(bad)
    assert each[0] > 0.997 > 0.995 > each[1]


def test_what_is_true_of_a_recipe_is_told_by_its_searchs_luck() -> None:
    found, lucks, _ = after_searches(0.001, 2, 1, draws=120)
    true = [searched(0.001, lucks).found(each).accuracy - CNN.accuracy for each in lucks]
    told = [each[ACCURACY] for each in truth(found, powers(lucks))]
    assert np.corrcoef(true, told)[0, 1] > 0.95


def test_a_verdict_holds_of_a_recipe_after_one_search_and_of_searching_after_one_for_each_seed() -> None:
    found = measure_search(0.001, 3, draws=100)
    assert found.share > 0.7
    for holds in (found.of_recipe, found.of_searches):
        assert holds.false_positive_rate <= 0.05
        assert holds.covers[ACCURACY] >= 0.91
    assert found.of_one_search.false_positive_rate > 0.1
    assert found.of_one_search.covers[ACCURACY] < 0.88


def test_tables_are_written_each_in_its_own_place(project) -> None:
    places = statistics.START, statistics.SEARCH_START
    files.write_text(statistics.DOCS, "\n".join(f"{start}\nbefore\n{statistics.END}" for start in places))
    statistics.write(places[0], ["numbers"])
    statistics.write(places[1], ["searches"])
    lines = [line for line in statistics.DOCS.read_text().splitlines() if line]
    assert lines == [places[0], "numbers", statistics.END, places[1], "searches", statistics.END]
    files.write_text(statistics.DOCS, without_end := f"{statistics.START}\nand the rest of the page")
    with pytest.raises(UserError, match=r"^docs/statistics\.md lacks the marks "):
        statistics.write(statistics.START, ["numbers"])
    assert statistics.DOCS.read_text() == without_end


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
    assert all(found[5][axis] < found[2][axis] for axis in METRIC_NAMES)
