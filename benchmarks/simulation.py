"""What verdicts and intervals say of simulated trainings, drawn many times over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, median
from zlib import crc32

import numpy as np

from benchmarks.recipes import ACCURACY, CNN, IMAGES, METRIC_NAMES, TUNED, Setting, SimulatedRecipe
from digits.comparison.intervals import Difference, accuracy, difference
from digits.comparison.verdict import ALPHA, BETTER, OPEN, Pair, Verdict, holm, judge
from digits.evaluation.metrics import METRICS

SEEDS = (2, 3, 5)
SPREAD = 0.0005  # over the seeds, in the power curve
GAINS = (0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006)
SIMULATED = tuple(metric for metric in METRICS if metric.name in METRIC_NAMES)


@dataclass(frozen=True)
class ErrorRates:
    """How a verdict keeps its word: shares of the draws."""

    covers: Mapping[str, float]  # by axis: the interval of the difference
    false_positive_rate: float  # draws with any that says better or worse, were both equal on all axes


@dataclass(frozen=True)
class Shares(ErrorRates):
    setting: Setting
    seeds: int
    accuracy_covers: float  # the interval of one variant


def measure(setting: Setting, seeds: int, draws: int) -> Shares:
    print(f"{setting}, {seeds} seeds", flush=True)
    rng = np.random.default_rng([seeds, crc32(str(setting).encode())])
    found, covered = [], 0
    for _ in range(draws):
        mine, theirs = setting.draw(rng, seeds)
        found.append({axis: difference(mine[axis], theirs[axis]) for axis in METRIC_NAMES})
        own = accuracy(mine[ACCURACY])
        covered += own.low <= setting.mine.accuracy <= own.high
    # What is true of loss and calibration error has no formula: it is what all draws say together.
    true = {
        axis: float(setting.theirs is not None) * fmean(draw[axis].value for draw in found) for axis in METRIC_NAMES
    }
    said = error_rates(found, [true] * draws)
    return Shares(said.covers, said.false_positive_rate, setting, seeds, covered / draws)


def error_rates(found: Sequence[Mapping[str, Difference]], true: Sequence[Mapping[str, float]]) -> ErrorRates:
    draws = list(zip(found, true, strict=True))
    p = [[draw[axis].uncertainty.p(draw[axis].value - actual[axis]) for axis in METRIC_NAMES] for draw, actual in draws]
    covers = {axis: fmean(within(draw[axis], actual[axis]) for draw, actual in draws) for axis in METRIC_NAMES}
    return ErrorRates(covers, fmean(min(holm(each)) < ALPHA for each in p))


def within(found: Difference, true: float) -> bool:
    low, high = found.interval()
    return low <= true <= high


def any_of_many(seeds: int, draws: int) -> float:
    """How often four groups of one recipe's seeds give any verdict at all, in six pairs on all axes."""
    rng, said, halves = np.random.default_rng(6), 0, (slice(seeds), slice(seeds, None))
    for _ in range(draws):
        both = Setting(CNN).draw(rng, 2 * seeds)
        groups = [{axis: of[half] for axis, of in each.items()} for each in both for half in halves]
        pairs = {
            (axis, *numbers): Pair(groups[numbers[0]][axis], groups[numbers[1]][axis])
            for numbers in combinations(range(len(groups)), 2)
            for axis in METRIC_NAMES
        }
        said += any(each.verdict != OPEN for each in judge(pairs).values())
    return said / draws


def plain_bootstrap(seeds: int, draws: int, resamples: int = 400) -> float:
    """The coverage that resampling seeds, then images, would have: why it is not what is used."""
    rng = np.random.default_rng(7)
    recipe, covered = SimulatedRecipe(0.98, 0.0025), 0
    for _ in range(draws):
        wrong = recipe.margins(rng, rng.standard_normal(IMAGES, dtype=np.float32), seeds) < 0
        wrong = wrong[:, wrong.any(axis=0)].astype(float)  # an image that all get right weighs nothing in the errors
        of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
        of_images = rng.poisson(1, (resamples, wrong.shape[1])) / IMAGES
        errors = ((of_images @ wrong.T) * of_seeds).sum(axis=1)
        low, high = np.quantile(errors, (0.025, 0.975))
        covered += low <= 1 - recipe.accuracy <= high
    return covered / draws


def power(seeds: int, draws: int) -> list[float]:
    """Share of verdicts "better" on accuracy, by its true gain, where all axes are judged."""
    rng, worse, shares = np.random.default_rng(seeds), replace(CNN, accuracy=0.99, spread=SPREAD), []
    for gain in GAINS:
        setting = Setting(replace(worse, accuracy=0.99 + gain), worse)
        shares.append(fmean(verdicts(setting, rng, seeds)[ACCURACY].verdict == BETTER for _ in range(draws)))
    return shares


def detectable(draws: int) -> dict[int, dict[str, float]]:
    """What a verdict on the tuned CNN over its baseline says that it would have found, in the median."""
    found = {}
    for seeds in SEEDS:
        rng = np.random.default_rng(seeds)
        said = [verdicts(Setting(TUNED, CNN), rng, seeds) for _ in range(draws)]
        found[seeds] = {axis: median(each[axis].detectable for each in said) for axis in METRIC_NAMES}
    return found


def verdicts(setting: Setting, rng: np.random.Generator, seeds: int) -> dict[str, Verdict]:
    mine, theirs = setting.draw(rng, seeds)
    return judge(
        {metric.name: Pair(mine[metric.name], theirs[metric.name], metric.smaller_is_better) for metric in SIMULATED}
    )
