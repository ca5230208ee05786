"""Error rates of verdicts and intervals, in fewer draws than benchmarks.statistics makes."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks import statistics
from benchmarks.recipes import (
    ACCURACY,
    CNN,
    DIFFERENT_RECIPES,
    EQUAL_RECIPES,
    METRIC_NAMES,
    MLP,
    N_IMAGES,
    SAME_RECIPE,
    TUNED,
    Setting,
)
from benchmarks.simulated_searches import (
    SearchedRecipe,
    draw_searches,
    effect_polynomial,
    measure_search,
    true_differences,
)
from benchmarks.simulation import (
    GAINS,
    any_false_verdict_rate,
    bootstrap_coverage,
    detectable_differences,
    measure,
    power,
)
from digits.core import files
from digits.core.errors import UserError

UNEQUAL_SPREADS = EQUAL_RECIPES[1]


@pytest.mark.parametrize(
    ("setting", "n_seeds"),
    [*((Setting(replace(MLP, spread=0.001)), n_seeds) for n_seeds in (2, 3, 5)), (UNEQUAL_SPREADS, 3)],
)
def test_false_verdicts_are_rare_and_intervals_cover(setting: Setting, n_seeds: int) -> None:
    rates = measure(replace(setting, n_images=2000), n_seeds, n_draws=150)
    assert rates.false_positive_rate <= 0.05
    assert rates.accuracy_coverage >= 0.91
    assert min(rates.coverage.values()) >= 0.91


def test_the_simulated_cnn_has_the_metrics_of_the_trained_one() -> None:
    rng = np.random.default_rng(1)
    values = CNN.values(rng, rng.standard_normal(N_IMAGES, dtype=np.float32), 20)
    means = {metric: matrix.mean() for metric, matrix in values.items()}
    assert list(means) == list(METRIC_NAMES)
    assert means["test_accuracy"] == pytest.approx(0.992, abs=0.002)
    assert means["test_loss"] == pytest.approx(0.025, abs=0.005)
    assert means["calibration_error"] == pytest.approx(0.0035, abs=0.001)
    assert means["held_out_corruptions_accuracy"] == pytest.approx(0.95, abs=0.01)
    assert values["held_out_corruptions_accuracy"].shape == (20, N_IMAGES // 10)


def test_the_texts_of_settings_are_unique() -> None:
    settings = (*SAME_RECIPE, *EQUAL_RECIPES, *DIFFERENT_RECIPES)
    assert len(set(map(str, settings))) == len(settings)


def test_the_draws_of_a_setting_never_change() -> None:
    rates = measure(replace(EQUAL_RECIPES[3], n_images=1000), 2, n_draws=40)
    assert rates.false_positive_rate == 0
    assert rates.accuracy_coverage == 0.975
    assert list(rates.coverage.values()) == [1, 0.95, 0.95, 0.975, 0.95]


def searched_recipe(spread: float, effects: np.ndarray) -> SearchedRecipe:
    return SearchedRecipe(**asdict(TUNED), search_spread=spread, search_effects=effects)


def test_recipes_of_searches_have_the_set_mean_and_spread() -> None:
    effects = np.random.default_rng(1).standard_normal((4000, 3))
    tuned = searched_recipe(0.0006, effects)
    recipes = [tuned.recipe_of_search(row) for row in effects]
    accuracies = [recipe.accuracy for recipe in recipes]
    corrupted = [recipe.corrupted_accuracy for recipe in recipes]
    assert np.mean(accuracies) == pytest.approx(TUNED.accuracy, abs=4e-5)
    assert np.std(accuracies) == pytest.approx(0.0006, rel=0.05)
    assert np.mean(corrupted) == pytest.approx(TUNED.corrupted_accuracy, abs=4e-4)
    assert np.std(corrupted) == pytest.approx(2 * TUNED.corrupted_spread, rel=0.05)
    assert max(corrupted) < 1


def test_seeds_share_the_recipe_of_one_search_and_differ_with_a_search_each() -> None:
    effects, rng = np.array([[3, 0, 0], [-3, 0, 0]]), np.random.default_rng(1)
    difficulty = rng.standard_normal(N_IMAGES, dtype=np.float32)

    def accuracies(effects: np.ndarray) -> np.ndarray:
        return searched_recipe(0.001, effects).values(rng, difficulty, 2)[ACCURACY].mean(axis=1)

    good, bad, both = accuracies(effects[[0]]), accuracies(effects[[1]]), accuracies(effects)
    assert min(good) > 0.997 > 0.995 > max(bad)
    assert both[0] > 0.997 > 0.995 > both[1]


def test_a_searchs_effects_determine_its_true_difference() -> None:
    differences, effects, _ = draw_searches(0.001, 2, 1, n_draws=120)
    tuned = searched_recipe(0.001, effects)
    true = [tuned.recipe_of_search(row).accuracy - CNN.accuracy for row in effects]
    estimates = [row[ACCURACY] for row in true_differences(differences, effect_polynomial(effects))]
    assert np.corrcoef(true, estimates)[0, 1] > 0.95


def test_a_verdict_about_searching_needs_a_search_per_seed() -> None:
    rates = measure_search(0.001, 3, n_draws=100)
    assert rates.variance_share > 0.7
    for valid in (rates.one_search_recipe, rates.search_per_seed):
        assert valid.false_positive_rate <= 0.05
        assert valid.coverage[ACCURACY] >= 0.91
    assert rates.one_search.false_positive_rate > 0.1
    assert rates.one_search.coverage[ACCURACY] < 0.88


def test_tables_are_written_between_their_own_marks(project) -> None:
    starts = statistics.START, statistics.SEARCH_START
    files.write_text(statistics.DOCS, "\n".join(f"{start}\nbefore\n{statistics.END}" for start in starts))
    statistics.write_section(starts[0], ["numbers"])
    statistics.write_section(starts[1], ["searches"])
    lines = [line for line in statistics.DOCS.read_text().splitlines() if line]
    assert lines == [starts[0], "numbers", statistics.END, starts[1], "searches", statistics.END]


def test_docs_without_an_end_mark_stay_unchanged(project) -> None:
    files.write_text(statistics.DOCS, without_end := f"{statistics.START}\nand the rest of the page")
    with pytest.raises(UserError, match=r"docs/statistics\.md"):
        statistics.write_section(statistics.START, ["numbers"])
    assert statistics.DOCS.read_text() == without_end


def test_many_pairs_and_metrics_together_have_few_false_verdicts() -> None:
    assert any_false_verdict_rate(3, n_draws=20) <= 0.1


def test_a_plain_bootstrap_covers_too_rarely() -> None:
    assert bootstrap_coverage(2, n_draws=100, n_resamples=100) < 0.92


def test_power_rises_with_gain_and_seeds() -> None:
    few, many = power(2, n_draws=2), power(5, n_draws=2)
    assert len(few) == len(GAINS)
    assert sum(few) < sum(many)
    assert many[-1] == 1


def test_more_seeds_detect_smaller_differences_on_each_metric() -> None:
    differences = detectable_differences(n_draws=3)
    assert all(differences[5][metric] < differences[2][metric] for metric in METRIC_NAMES)
