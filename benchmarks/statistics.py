"""Do the verdicts keep their word? False verdicts, coverage and power, in trainings whose truth is known.

`python -m benchmarks.statistics [DRAWS]`: about eight minutes on one core, half of that on two; writes
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
from benchmarks.recipes import ACCURACY, DIFFERENT, EQUAL, IMAGES, METRIC_NAMES, MLP, SAME, Setting
from benchmarks.simulated_searches import SEARCH_SPREADS, SearchShares, measure_search
from benchmarks.simulation import GAINS, SEEDS, SIMULATED, SPREAD, ErrorRates, Shares, measure
from digits.comparison.verdict import POWER
from digits.core.files import write_text
from digits.report import tables
from digits.report.figures import style
from digits.report.readme import replace_between

DOCS, PICTURE = Path("docs/statistics.md"), Path("docs/pictures/power.png")
START, END = "<!-- numbers: written by `python -m benchmarks.statistics` -->", "<!-- end of numbers -->"
SEARCH_START = START.replace("numbers", "searches", 1)
FEW = 500  # test images
HEAD = ("Seeds each", *(metric.heading for metric in SIMULATED))


def main(draws: str = "1000") -> None:
    count = int(draws)
    settings = (*SAME, *EQUAL, *DIFFERENT)
    asked = [(each, seeds) for each in settings for seeds in SEEDS]
    # One seed makes a statement about two models, of which the truth is known where no seed is luckier than another.
    asked += [(each, 1) for each in (*SAME, *EQUAL) if not each.spreads]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = [*pool.map(measure, *zip(*asked, strict=True), repeat(count))]
        curves = dict(zip(SEEDS, pool.map(simulation.power, SEEDS, repeat(count // 5)), strict=True))
        after_search = [*pool.map(measure_search, *zip(*product(SEARCH_SPREADS, (3, 5)), strict=True), repeat(count))]
    with style.use_style():
        style.save(draw_power(curves, count // 5), PICTURE)
    parts = [
        f"{count:,} draws of each of {len(settings)} settings; {IMAGES:,} test images, every tenth also corrupted.",
        by_seeds(found),
        "How often a pair's interval covers, by axis: the mean of the settings, the worst and the best.",
        by_axis(found),
        remarks(count),
        f"Power by true gain over 99 % in points, seeds ± {100 * SPREAD:.2f} points, {count // 5:,} draws a cell:",
        power_table(curves),
        "The detectable difference of the tuned CNN over its baseline, in the median:",
        detectable_table(simulation.detectable(count // 5)),
    ]
    write(START, parts)
    remark = (
        f"The tuned CNN over its baseline, {count:,} draws a cell: how often the interval of accuracy covers (the worst"
        " axis and the best), and false verdicts on any axis."
    )
    write(SEARCH_START, [remark, search_table(after_search)])


def write(start: str, parts: Sequence[str]) -> None:
    text = "\n\n".join(parts)
    print(text)
    write_text(DOCS, replace_between(DOCS, start, END, f"\n{text}\n\n"))


def draw_power(curves: dict[int, list[float]], draws: int) -> Figure:
    figure = style.create_figure("How often a better model is called better", height=3.4)
    axes = figure.subplots()
    gains = [100 * gain for gain in GAINS]
    for (seeds, shares), color in zip(curves.items(), ("#c44e00", "#0072b2", "#009e73"), strict=True):
        axes.plot(gains, shares, color=color, marker="o", label=f"{seeds} seeds each")
    axes.axhline(POWER, color=style.QUIET, linewidth=0.8, linestyle="--")
    axes.annotate(f"{POWER:.0%}", (gains[-1], POWER), xytext=(-2, 3), textcoords="offset points", ha="right")
    axes.set(
        xlabel="true gain in accuracy over 99 %, in points", ylabel='verdicts that say "better"', ylim=(-0.02, 1.03)
    )
    axes.yaxis.set_major_formatter(style.format_percent)
    axes.legend(loc="lower right")
    about = f"{draws:,} draws a point, {IMAGES:,} test images, seeds ± {100 * SPREAD:.2f} points"
    figure.supxlabel(about, size=7, color=style.QUIET)
    return figure


def by_seeds(found: Sequence[Shares]) -> str:
    """Over all settings: the mean and the worst."""
    rows = []
    for seeds in (1, *SEEDS):
        of_seeds = [each for each in found if each.seeds == seeds]
        false = [mean_and_worst([each for each in of_seeds if each.setting in group]) for group in (SAME, EQUAL)]
        rows.append((str(seeds), *false, mean_and_range([each.accuracy_covers for each in of_seeds])))
    head = "Seeds each", "False verdicts on any axis: A/A", "other recipe, as good", "A variant's accuracy is covered"
    return table(head, rows)


def by_axis(found: Sequence[Shares]) -> str:
    rows = [
        (
            str(seeds),
            *(mean_and_range([each.covers[axis] for each in found if each.seeds == seeds]) for axis in METRIC_NAMES),
        )
        for seeds in (1, *SEEDS)
    ]
    return table(HEAD, rows)


def mean_and_worst(found: Sequence[Shares]) -> str:
    shares = [each.false_positive_rate for each in found]
    return f"{100 * np.mean(shares):.1f} %, at most {100 * max(shares):.1f} %"


def mean_and_range(shares: Sequence[float]) -> str:
    return f"{100 * np.mean(shares):.1f} % ({100 * min(shares):.1f} to {100 * max(shares):.1f})"


def remarks(draws: int) -> str:
    few = [measure(Setting(replace(MLP, spread=0.001), images=FEW), seeds, draws) for seeds in SEEDS]
    alone = measure(Setting(replace(MLP, spread=0.001)), 1, draws)
    covers = ", ".join(f"{100 * simulation.plain_bootstrap(seeds, draws // 2):.0f} % with {seeds}" for seeds in SEEDS)
    return (
        f"- Six pairs of four groups of 3 seeds, {len(METRIC_NAMES)} axes each: any false verdict at all in "
        f"{100 * simulation.any_of_many(3, draws):.1f} %.\n"
        f"- {FEW} test images instead: {mean_and_worst(few)} false verdicts.\n"
        f"- One seed each, seeds ± 0.10 points: {100 * alone.false_positive_rate:.0f} % get a verdict that would be "
        "false of the recipes. It is not of recipes, and says so.\n"
        f"- A plain hierarchical bootstrap's interval of a variant, seeds ± 0.25 points, would cover {covers} seeds."
    )


def power_table(curves: dict[int, list[float]]) -> str:
    rows = [(str(seeds), *(f"{100 * share:.0f} %" for share in shares)) for seeds, shares in curves.items()]
    return table(("Seeds each", *(f"+{100 * gain:.2f}" for gain in GAINS)), rows)


def detectable_table(found: dict[int, dict[str, float]]) -> str:
    rows = [
        (str(seeds), *(f"{tables.size(metric, of[metric.name])}{tables.unit(metric)}" for metric in SIMULATED))
        for seeds, of in found.items()
    ]
    return table(HEAD, rows)


def search_table(found: Sequence[SearchShares]) -> str:
    head = ("Spread of searches, share of the variance", "Seeds each", "One search, of its recipe")
    head += ("One search, of searching", "A search per seed, of searching")
    rows = []
    for each in found:
        errors = map(error_cell, (each.of_recipe, each.of_one_search, each.of_searches))
        rows.append((f"{100 * each.search_spread:.2f} points, {100 * each.share:.0f} %", str(each.seeds), *errors))
    return table(head, rows)


def error_cell(found: ErrorRates) -> str:
    worst, *_, best = sorted(100 * share for share in found.covers.values())
    covers, false = 100 * found.covers[ACCURACY], 100 * found.false_positive_rate
    return f"{covers:.1f} % ({worst:.1f} to {best:.1f}), {false:.1f} % false"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return tables.table(head, "r" * len(head), rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
