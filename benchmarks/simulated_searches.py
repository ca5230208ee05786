"""What the luck of the search does to verdicts: simulated trainings of what simulated searches found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, sqrt
from statistics import fmean
from zlib import crc32

import numpy as np
from scipy.special import ndtr, ndtri

from benchmarks.recipes import ACCURACY, CNN, METRIC_NAMES, TUNED, Setting, SimulatedRecipe, Values, luck
from benchmarks.simulation import ErrorRates, error_rates
from digits.comparison.intervals import Difference, difference

SEARCH_SPREADS = (0, 0.0002, 0.0005, 0.001)  # of the accuracy of what they find


@dataclass(frozen=True, kw_only=True)
class Searched(SimulatedRecipe):
    """What searches found. As good as it says are such recipes in the mean; each has the luck of its search."""

    search_spread: float  # standard deviation over searches of the found recipe's accuracy
    lucks: np.ndarray  # of each search, in accuracy, in sharpness and on corrupted images: standard normal

    def values(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int) -> Values:
        """Of one search, all seeds have its recipe; of as many searches as seeds, each its own."""
        each = seeds // len(self.lucks)
        of_searches = [self.found(lucks).values(rng, difficulty, each) for lucks in self.lucks]
        return {axis: np.concatenate([values[axis] for values in of_searches]) for axis in METRIC_NAMES}

    def found(self, lucks: np.ndarray) -> SimulatedRecipe:
        """On each axis, searches make as many times the difference that seeds make."""
        in_accuracy, in_sharpness, in_hard = lucks
        times = self.search_spread / self.spread
        return SimulatedRecipe(
            lucky(self.accuracy, self.search_spread, in_accuracy),
            self.spread,
            self.sharpness * exp(times * self.sharpness_spread * in_sharpness),
            self.sharpness_spread,
            lucky(self.hard, times * self.hard_spread, in_hard),
            self.hard_spread,
        )


def lucky(share: float, spread: float, own: float) -> float:
    """Luck as seeds have it: the share is never beyond 1, and in the mean what it would be without."""
    deviation = luck(share, spread, 1)
    return float(ndtr(sqrt(1 + deviation**2) * ndtri(share) + deviation * own))


@dataclass(frozen=True)
class SearchShares:
    """Of the tuned CNN over its baseline."""

    search_spread: float
    seeds: int
    share: float  # of the search in the variance of a tuned model's test accuracy
    of_recipe: ErrorRates  # one search, said of the recipe that it found
    of_one_search: ErrorRates  # the same, said of searching
    of_searches: ErrorRates  # a search for each seed, said of searching


def measure_search(search_spread: float, seeds: int, draws: int) -> SearchShares:
    print(f"Searches ± {100 * search_spread:.2f} points, {seeds} seeds", flush=True)
    one, lucks, seed_variance = after_searches(search_spread, seeds, 1, draws)
    many, *_ = after_searches(search_spread, seeds, seeds, draws)
    alike = np.ones((draws, 1))
    return SearchShares(
        search_spread,
        seeds,
        search_spread**2 / (search_spread**2 + seed_variance),
        error_rates(one, truth(one, powers(lucks))),
        error_rates(one, truth(one, alike)),
        error_rates(many, truth(many, alike)),
    )


def after_searches(
    search_spread: float, seeds: int, searches: int, draws: int
) -> tuple[list[dict[str, Difference]], np.ndarray, float]:
    """The tuned CNN's differences from its baseline, the first search's luck in each draw, and the mean variance of the
    tuned models' test accuracy."""
    name = f"{search_spread} over {searches} searches"
    rng = np.random.default_rng([seeds, crc32(name.encode())])
    lucks = rng.standard_normal((draws, searches, 3))
    found, variances = [], []
    for each in lucks:
        tuned = Searched(**asdict(TUNED), search_spread=search_spread, lucks=each)
        mine, theirs = Setting(tuned, CNN).draw(rng, seeds)
        found.append({axis: difference(mine[axis], theirs[axis]) for axis in METRIC_NAMES})
        variances.append(mine[ACCURACY].mean(axis=1).var(ddof=1))
    return found, lucks[:, 0], fmean(variances)


def truth(found: Sequence[Mapping[str, Difference]], by: np.ndarray) -> list[dict[str, float]]:
    """What all draws say together, by least squares: the same of all whose row is the same."""
    values = np.array([[draw[axis].value for axis in METRIC_NAMES] for draw in found])
    fitted = by @ np.linalg.lstsq(by, values)[0]
    return [dict(zip(METRIC_NAMES, row, strict=True)) for row in fitted.tolist()]


def powers(lucks: np.ndarray) -> np.ndarray:
    """Of a search's luck, what tells how good its recipe is on all axes; higher powers told no more."""
    accuracy, sharpness, hard = lucks.T
    of_both = (accuracy**i * sharpness**j for i in range(5) for j in range(5 - i))
    return np.stack([*of_both, hard, hard**2], axis=1)
