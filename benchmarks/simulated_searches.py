"""The effect of the search's randomness on verdicts: simulated trainings of the recipes of simulated searches."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, sqrt
from statistics import fmean
from zlib import crc32

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.recipes import ACCURACY, CNN, METRIC_NAMES, TUNED, Setting, SimulatedRecipe, Values, effect_sd
from benchmarks.simulation import ErrorRates, error_rates
from digits.comparison.intervals import Difference, estimate_difference

SEARCH_SPREADS = (0, 0.0002, 0.0005, 0.001)  # standard deviation over searches of their recipes' accuracy


@dataclass(frozen=True, kw_only=True)
class SearchedRecipe(SimulatedRecipe):
    """The recipes of several searches. The inherited fields are means; each search has its own effects."""

    search_spread: float  # standard deviation over searches of their recipes' accuracy
    search_effects: np.ndarray  # searches × (accuracy, sharpness, corrupted accuracy), standard normal

    def values(self, rng: np.random.Generator, difficulty: np.ndarray, n_seeds: int) -> Values:
        """Draw values. With one search, all seeds have its recipe; with a search per seed, each seed has its own."""
        seeds_per_search = n_seeds // len(self.search_effects)
        recipes = (self.recipe_of_search(effects) for effects in self.search_effects)
        draws = [recipe.values(rng, difficulty, seeds_per_search) for recipe in recipes]
        return {metric: np.concatenate([values[metric] for values in draws]) for metric in METRIC_NAMES}

    def recipe_of_search(self, effects: np.ndarray) -> SimulatedRecipe:
        """Apply a search's effects. The ratio of search spread to seed spread is the same for all metrics."""
        accuracy_effect, sharpness_effect, corrupted_effect = effects
        ratio = self.search_spread / self.spread
        return SimulatedRecipe(
            shift_share(self.accuracy, self.search_spread, accuracy_effect),
            self.spread,
            self.sharpness * exp(ratio * self.sharpness_spread * sharpness_effect),
            self.sharpness_spread,
            shift_share(self.corrupted_accuracy, ratio * self.corrupted_spread, corrupted_effect),
            self.corrupted_spread,
        )


def shift_share(share: float, spread: float, effect: float) -> float:
    """Shift a share on the normal scale: the result never exceeds 1, and its mean is the share itself."""
    sd = effect_sd(share, spread, 1)
    return float(ndtr(sqrt(1 + sd**2) * ndtri(share) + sd * effect))


@dataclass(frozen=True)
class SearchErrorRates:
    """Error rates for the tuned CNN over its baseline."""

    search_spread: float
    n_seeds: int
    variance_share: float  # the search's share of the variance of a tuned model's test accuracy
    one_search_recipe: ErrorRates  # one search, and verdicts about its recipe
    one_search: ErrorRates  # one search, and verdicts about searching
    search_per_seed: ErrorRates  # a search per seed, and verdicts about searching


def measure_search(search_spread: float, n_seeds: int, n_draws: int) -> SearchErrorRates:
    print(f"Searches ± {100 * search_spread:.2f} points, {n_seeds} seeds", flush=True)
    one_search, effects, seed_variance = draw_searches(search_spread, n_seeds, 1, n_draws)
    search_per_seed, *_ = draw_searches(search_spread, n_seeds, n_seeds, n_draws)
    constant = np.ones((n_draws, 1))
    return SearchErrorRates(
        search_spread,
        n_seeds,
        search_spread**2 / (search_spread**2 + seed_variance),
        error_rates(one_search, true_differences(one_search, effect_polynomial(effects))),
        error_rates(one_search, true_differences(one_search, constant)),
        error_rates(search_per_seed, true_differences(search_per_seed, constant)),
    )


def draw_searches(
    search_spread: float, n_seeds: int, n_searches: int, n_draws: int
) -> tuple[list[dict[str, Difference]], np.ndarray, float]:
    """Return the tuned CNN's differences from its baseline, the effects of the first search in each draw, and the mean
    variance of the tuned models' test accuracy."""
    name = f"{search_spread} over {n_searches} searches"
    rng = np.random.default_rng([n_seeds, crc32(name.encode())])
    effects = rng.standard_normal((n_draws, n_searches, 3))
    differences, variances = [], []
    for search_effects in effects:
        tuned = SearchedRecipe(**asdict(TUNED), search_spread=search_spread, search_effects=search_effects)
        candidate, reference = Setting(tuned, CNN).draw(rng, n_seeds)
        differences.append(
            {metric: estimate_difference(candidate[metric], reference[metric]) for metric in METRIC_NAMES}
        )
        variances.append(candidate[ACCURACY].mean(axis=1).var(ddof=1))
    return differences, effects[:, 0], fmean(variances)


def true_differences(differences: Sequence[Mapping[str, Difference]], features: np.ndarray) -> list[dict[str, float]]:
    """Estimate each draw's true differences by least squares over all draws, from its row of features."""
    values = np.array([[draw[metric].value for metric in METRIC_NAMES] for draw in differences])
    fitted = features @ np.linalg.lstsq(features, values)[0]
    return [dict(zip(METRIC_NAMES, row, strict=True)) for row in fitted.tolist()]


def effect_polynomial(effects: np.ndarray) -> np.ndarray:
    """Return features that determine a recipe's true metrics; higher powers did not improve the fit."""
    accuracy, sharpness, corrupted = effects.T
    products = (accuracy**i * sharpness**j for i in range(5) for j in range(5 - i))
    return np.stack([*products, corrupted, corrupted**2], axis=1)
