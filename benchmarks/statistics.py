"""False verdicts, coverage and power, in simulated trainings whose true differences are known.

`python -m benchmarks.statistics [DRAWS]` takes about eight minutes on one core, half of that on two, and writes
docs/pictures/power.png and the tables in docs/statistics.md.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product, repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks import simulation
from benchmarks.recipes import (
    ACCURACY,
    DIFFERENT_RECIPES,
    EQUAL_RECIPES,
    METRIC_NAMES,
    MLP,
    N_IMAGES,
    SAME_RECIPE,
    Setting,
)
from benchmarks.simulated_searches import SEARCH_SPREADS, SearchErrorRates, measure_search
from benchmarks.simulation import GAINS, SEED_COUNTS, SIMULATED_METRICS, SPREAD, ErrorRates, SettingErrorRates, measure
from digits.comparison.verdict import POWER
from digits.core.files import write_text
from digits.report import tables
from digits.report.figures import style
from digits.report.readme import replace_between

DOCS, PICTURE = Path("docs/statistics.md"), Path("docs/pictures/power.png")
START, END = "<!-- numbers: written by `python -m benchmarks.statistics` -->", "<!-- end of numbers -->"
SEARCH_START = START.replace("numbers", "searches", 1)
FEW_IMAGES = 500
METRIC_HEAD = ("Seeds each", *(metric.heading for metric in SIMULATED_METRICS))


def main(draws: str = "1000") -> None:
    n_draws = int(draws)
    settings = (*SAME_RECIPE, *EQUAL_RECIPES, *DIFFERENT_RECIPES)
    cases = [(setting, n_seeds) for setting in settings for n_seeds in SEED_COUNTS]
    # With one seed, a verdict is about two models; their true difference is known where seeds have no spread.
    cases += [(setting, 1) for setting in (*SAME_RECIPE, *EQUAL_RECIPES) if not setting.has_spread]
    search_cases = zip(*product(SEARCH_SPREADS, (3, 5)), strict=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        rates = [*pool.map(measure, *zip(*cases, strict=True), repeat(n_draws))]
        power = pool.map(simulation.power, SEED_COUNTS, repeat(n_draws // 5))
        curves = dict(zip(SEED_COUNTS, power, strict=True))
        search_rates = [*pool.map(measure_search, *search_cases, repeat(n_draws))]
    with style.use_style():
        style.save(draw_power(curves, n_draws // 5), PICTURE)
    parts = [
        f"{n_draws:,} draws of each of {len(settings)} settings; {N_IMAGES:,} test images, every tenth also corrupted.",
        false_verdict_table(rates),
        "Coverage of a pair's interval, by metric: the mean of the settings, the worst and the best.",
        coverage_table(rates),
        remarks(n_draws),
        f"Power by true gain over 99 % in points, seeds ± {100 * SPREAD:.2f} points, {n_draws // 5:,} draws per cell:",
        power_table(curves),
        "The detectable difference of the tuned CNN over its baseline, in the median:",
        detectable_table(simulation.detectable_differences(n_draws // 5)),
    ]
    write_section(START, parts)
    intro = (
        f"The tuned CNN over its baseline, {n_draws:,} draws per cell: the coverage of the accuracy's interval (the "
        "worst metric and the best), and false verdicts on any metric."
    )
    write_section(SEARCH_START, [intro, search_table(search_rates)])


def write_section(start: str, parts: Sequence[str]) -> None:
    """Print the parts and write them into the docs, after the start mark."""
    text = "\n\n".join(parts)
    print(text)
    write_text(DOCS, replace_between(DOCS, start, END, f"\n{text}\n\n"))


def draw_power(curves: dict[int, list[float]], n_draws: int) -> Figure:
    figure = style.create_figure("How often a better model is called better", height=3.4)
    axes = figure.subplots()
    gains = [100 * gain for gain in GAINS]
    for (n_seeds, shares), color in zip(curves.items(), ("#c44e00", "#0072b2", "#009e73"), strict=True):
        axes.plot(gains, shares, color=color, marker="o", label=f"{n_seeds} seeds each")
    axes.axhline(POWER, color=style.MUTED_COLOUR, linewidth=0.8, linestyle="--")
    axes.annotate(f"{POWER:.0%}", (gains[-1], POWER), xytext=(-2, 3), textcoords="offset points", ha="right")
    axes.set(
        xlabel="true gain in accuracy over 99 %, in points", ylabel='verdicts that say "better"', ylim=(-0.02, 1.03)
    )
    axes.yaxis.set_major_formatter(style.format_percent)
    axes.legend(loc="lower right")
    caption = f"{n_draws:,} draws a point, {N_IMAGES:,} test images, seeds ± {100 * SPREAD:.2f} points"
    figure.supxlabel(caption, size=7, color=style.MUTED_COLOUR)
    return figure


def false_verdict_table(rates: Sequence[SettingErrorRates]) -> str:
    rows = []
    for n_seeds in (1, *SEED_COUNTS):
        row_rates = [rate for rate in rates if rate.n_seeds == n_seeds]
        groups = ([rate for rate in row_rates if rate.setting in group] for group in (SAME_RECIPE, EQUAL_RECIPES))
        coverage = mean_and_range([rate.accuracy_coverage for rate in row_rates])
        rows.append((str(n_seeds), *map(mean_and_worst, groups), coverage))
    head = "Seeds each", "False verdicts on any metric: A/A", "Another recipe, equally good"
    return table((*head, "Coverage of a variant's accuracy"), rows)


def coverage_table(rates: Sequence[SettingErrorRates]) -> str:
    rows = []
    for n_seeds in (1, *SEED_COUNTS):
        coverages = [rate.coverage for rate in rates if rate.n_seeds == n_seeds]
        cells = (mean_and_range([coverage[metric] for coverage in coverages]) for metric in METRIC_NAMES)
        rows.append((str(n_seeds), *cells))
    return table(METRIC_HEAD, rows)


def mean_and_worst(rates: Sequence[SettingErrorRates]) -> str:
    shares = [rate.false_positive_rate for rate in rates]
    return f"{100 * np.mean(shares):.1f} %, at most {100 * max(shares):.1f} %"


def mean_and_range(shares: Sequence[float]) -> str:
    return f"{100 * np.mean(shares):.1f} % ({100 * min(shares):.1f} to {100 * max(shares):.1f})"


def remarks(n_draws: int) -> str:
    few_images = Setting(replace(MLP, spread=0.001), n_images=FEW_IMAGES)
    few = [measure(few_images, n_seeds, n_draws) for n_seeds in SEED_COUNTS]
    one_seed = measure(Setting(replace(MLP, spread=0.001)), 1, n_draws)
    coverages = ((n_seeds, simulation.bootstrap_coverage(n_seeds, n_draws // 2)) for n_seeds in SEED_COUNTS)
    bootstrap = ", ".join(f"{100 * coverage:.0f} % with {n_seeds}" for n_seeds, coverage in coverages)
    return (
        f"- Six pairs of four groups of 3 seeds, {len(METRIC_NAMES)} metrics each: at least one false verdict in "
        f"{100 * simulation.any_false_verdict_rate(3, n_draws):.1f} %.\n"
        f"- {FEW_IMAGES} test images instead: {mean_and_worst(few)} false verdicts.\n"
        f"- One seed each, seeds ± 0.10 points: {100 * one_seed.false_positive_rate:.0f} % get a verdict that would be "
        "false for the recipes. With one seed, a verdict is about the two models, and the reports mark it.\n"
        "- A plain hierarchical bootstrap's interval of a variant, seeds ± 0.25 points, would have a coverage of "
        f"{bootstrap} seeds."
    )


def power_table(curves: dict[int, list[float]]) -> str:
    rows = [(str(n_seeds), *(f"{100 * share:.0f} %" for share in shares)) for n_seeds, shares in curves.items()]
    return table(("Seeds each", *(f"+{100 * gain:.2f}" for gain in GAINS)), rows)


def detectable_table(differences: dict[int, dict[str, float]]) -> str:
    rows = []
    for n_seeds, values in differences.items():
        sizes = (
            f"{tables.format_magnitude(metric, values[metric.name])}{tables.unit_text(metric)}"
            for metric in SIMULATED_METRICS
        )
        rows.append((str(n_seeds), *sizes))
    return table(METRIC_HEAD, rows)


def search_table(rates: Sequence[SearchErrorRates]) -> str:
    head = ("Spread of searches, share of the variance", "Seeds each", "One search: about its recipe")
    head += ("One search: about searching", "A search per seed: about searching")
    rows = []
    for rate in rates:
        spread = f"{100 * rate.search_spread:.2f} points, {100 * rate.variance_share:.0f} %"
        cells = map(error_cell, (rate.one_search_recipe, rate.one_search, rate.search_per_seed))
        rows.append((spread, str(rate.n_seeds), *cells))
    return table(head, rows)


def error_cell(rates: ErrorRates) -> str:
    worst, *_, best = sorted(100 * share for share in rates.coverage.values())
    coverage, false = 100 * rates.coverage[ACCURACY], 100 * rates.false_positive_rate
    return f"{coverage:.1f} % ({worst:.1f} to {best:.1f}), {false:.1f} % false"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return tables.table(head, "r" * len(head), rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
