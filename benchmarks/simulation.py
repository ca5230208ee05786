"""Error rates of verdicts and intervals over many draws of simulated trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean, median
from zlib import crc32

import numpy as np

from benchmarks.recipes import ACCURACY, CNN, METRIC_NAMES, N_IMAGES, TUNED, Setting, SimulatedRecipe
from digits.comparison.intervals import Difference, estimate_accuracy, estimate_difference
from digits.comparison.verdict import ALPHA, BETTER, OPEN, MetricPair, Verdict, holm, judge
from digits.evaluation.metrics import METRICS

SEED_COUNTS = (2, 3, 5)
SPREAD = 0.0005  # over the seeds, in the power curve
GAINS = (0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006)
SIMULATED_METRICS = tuple(metric for metric in METRICS if metric.name in METRIC_NAMES)


@dataclass(frozen=True)
class ErrorRates:
    """Shares of the draws."""

    coverage: Mapping[str, float]  # by metric: the interval of the difference contains the true difference
    false_positive_rate: float  # a verdict better or worse on any metric, if both were equal on all metrics


@dataclass(frozen=True)
class SettingErrorRates(ErrorRates):
    setting: Setting
    n_seeds: int
    accuracy_coverage: float  # the interval of one variant


def measure(setting: Setting, n_seeds: int, n_draws: int) -> SettingErrorRates:
    print(f"{setting}, {n_seeds} seeds", flush=True)
    rng = np.random.default_rng([n_seeds, crc32(str(setting).encode())])
    differences, n_covered = [], 0
    for _ in range(n_draws):
        candidate, reference = setting.draw(rng, n_seeds)
        differences.append(
            {metric: estimate_difference(candidate[metric], reference[metric]) for metric in METRIC_NAMES}
        )
        interval = estimate_accuracy(candidate[ACCURACY])
        n_covered += interval.low <= setting.candidate.accuracy <= interval.high
    # The true loss and calibration error have no formula: the mean of all draws stands for them.
    true_difference = {
        metric: float(setting.reference is not None) * fmean(draw[metric].value for draw in differences)
        for metric in METRIC_NAMES
    }
    rates = error_rates(differences, [true_difference] * n_draws)
    return SettingErrorRates(rates.coverage, rates.false_positive_rate, setting, n_seeds, n_covered / n_draws)


def error_rates(
    differences: Sequence[Mapping[str, Difference]], true_differences: Sequence[Mapping[str, float]]
) -> ErrorRates:
    draws = list(zip(differences, true_differences, strict=True))
    p_values = [
        [draw[metric].uncertainty.p(draw[metric].value - true[metric]) for metric in METRIC_NAMES]
        for draw, true in draws
    ]
    coverage = {metric: fmean(covers(draw[metric], true[metric]) for draw, true in draws) for metric in METRIC_NAMES}
    return ErrorRates(coverage, fmean(min(holm(values)) < ALPHA for values in p_values))


def covers(estimate: Difference, true_difference: float) -> bool:
    low, high = estimate.interval()
    return low <= true_difference <= high


def any_false_verdict_rate(n_seeds: int, n_draws: int) -> float:
    """Return how often four groups of one recipe's seeds get any verdict, in six pairs on all metrics."""
    rng, n_false, halves = np.random.default_rng(6), 0, (slice(n_seeds), slice(n_seeds, None))
    for _ in range(n_draws):
        variants = Setting(CNN).draw(rng, 2 * n_seeds)
        groups = [{metric: values[metric][half] for metric in values} for values in variants for half in halves]
        pairs = {
            (metric, *numbers): MetricPair(groups[numbers[0]][metric], groups[numbers[1]][metric])
            for numbers in combinations(range(len(groups)), 2)
            for metric in METRIC_NAMES
        }
        n_false += any(verdict.decision != OPEN for verdict in judge(pairs).values())
    return n_false / n_draws


def bootstrap_coverage(n_seeds: int, n_draws: int, n_resamples: int = 400) -> float:
    """Return the coverage of a bootstrap that resamples seeds, then images; it is too low, so it is not used."""
    rng = np.random.default_rng(7)
    recipe, n_covered = SimulatedRecipe(0.98, 0.0025), 0
    for _ in range(n_draws):
        wrong = recipe.margins(rng, rng.standard_normal(N_IMAGES, dtype=np.float32), n_seeds) < 0
        wrong = wrong[:, wrong.any(axis=0)].astype(float)  # other images add nothing to the errors
        seed_weights = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), n_resamples) / n_seeds
        image_weights = rng.poisson(1, (n_resamples, wrong.shape[1])) / N_IMAGES
        errors = ((image_weights @ wrong.T) * seed_weights).sum(axis=1)
        low, high = np.quantile(errors, (0.025, 0.975))
        n_covered += low <= 1 - recipe.accuracy <= high
    return n_covered / n_draws


def power(n_seeds: int, n_draws: int) -> list[float]:
    """Return the share of verdicts "better" on accuracy for each true gain, with all metrics judged together."""
    rng, reference, shares = np.random.default_rng(n_seeds), replace(CNN, accuracy=0.99, spread=SPREAD), []
    for gain in GAINS:
        setting = Setting(replace(reference, accuracy=0.99 + gain), reference)
        shares.append(fmean(verdicts(setting, rng, n_seeds)[ACCURACY].decision == BETTER for _ in range(n_draws)))
    return shares


def detectable_differences(n_draws: int) -> dict[int, dict[str, float]]:
    """Return, by number of seeds and metric, the median detectable difference of the tuned CNN over its baseline."""
    medians = {}
    for n_seeds in SEED_COUNTS:
        rng = np.random.default_rng(n_seeds)
        draws = [verdicts(Setting(TUNED, CNN), rng, n_seeds) for _ in range(n_draws)]
        medians[n_seeds] = {metric: median(draw[metric].detectable for draw in draws) for metric in METRIC_NAMES}
    return medians


def verdicts(setting: Setting, rng: np.random.Generator, n_seeds: int) -> dict[str, Verdict]:
    candidate, reference = setting.draw(rng, n_seeds)
    return judge(
        {
            metric.name: MetricPair(candidate[metric.name], reference[metric.name], metric.smaller_is_better)
            for metric in SIMULATED_METRICS
        }
    )
