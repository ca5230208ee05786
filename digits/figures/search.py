"""What the search tried and what came of it."""

import math
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from digits import plotdata
from digits.figures.style import INK, QUIET, TUNED, WRONG, counted, percent, short, titled, worth_showing
from digits.plotdata import BASELINE_TRIAL, OBJECTIVE, Results, Row

ACROSS = 3
CHOICES_UP_TO = 6
DIGITS_OF_A_CHOICE = 6
LOG_FROM_RATIO = 20
CROWDED_SHARE = 0.2
GOLDEN = 0.618034

TRIAL = {"marker": "o", "s": 16, "color": "#56a0cf", "alpha": 0.75, "linewidths": 0, "zorder": 2}
FROM_BASELINE = {"marker": "D", "s": 34, "color": INK, "linewidths": 0, "zorder": 4}
BEST = {"marker": "o", "s": 70, "facecolors": "none", "edgecolors": WRONG, "linewidths": 1.4, "zorder": 5}


def draw(results: Results) -> Figure:
    rows = plotdata.search(results.trials)
    figure = titled(f"{results.family}: search over {counted(len(rows), 'trial')}", height=3.4)
    ax = figure.subplots()
    done = [row for row in rows if row[OBJECTIVE] is not None]
    if done:
        low, high = limits(done)
        ax.set_ylim(low, high)
        ax.step(*columns(rows_with_best(rows), "best_so_far"), where="post", color=TUNED, label="best so far", zorder=3)
        scatter(ax, done, [row["trial"] for row in done], results.best_trial)
        mark_at_the_edge(ax, [row for row in done if row[OBJECTIVE] < low], "v", TRIAL["color"], "below this scale")
    mark_at_the_edge(ax, [row for row in rows if row["status"] != "completed"], "x", WRONG, "failed")
    ax.yaxis.set_major_formatter(percent)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    around = max(0.5, 0.03 * len(rows))
    ax.set_xlim(-around, len(rows) - 1 + around)
    ax.set_xlabel("trial")
    ax.set_ylabel("validation accuracy")
    figure.legend(loc="outside lower center", ncols=6, handletextpad=0.4, columnspacing=1.4)
    return figure


def draw_hyperparameters(results: Results) -> Figure:
    rows = [row for row in plotdata.search(results.trials) if row[OBJECTIVE] is not None]
    shown = varied(rows)
    down = max(1, math.ceil(len(shown) / ACROSS))
    figure = titled(f"{results.family}: validation accuracy by hyperparameter", height=0.9 + 1.9 * down)
    if not shown:
        figure.text(0.5, 0.45, "No hyperparameter varies among the completed trials.", ha="center", color=QUIET)
        return figure
    axes = figure.subplots(down, ACROSS, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, shown, strict=False):
        draw_hyperparameter(ax, name, [row for row in rows if row[name] is not None], results.best_trial)
    for ax in axes.flat[len(shown) :]:
        ax.remove()
    axes[0, 0].set_ylim(*limits(rows))
    axes[0, 0].yaxis.set_major_formatter(percent)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def draw_hyperparameter(ax: Axes, name: str, rows: list[Row], best_trial: int) -> None:
    ax.set_title(name)
    values = [row[name] for row in rows]
    kinds = choices(values)
    if kinds is not None:
        places = [kinds.index(value) + spread(row["trial"]) for value, row in zip(values, rows, strict=True)]
        crowded = sum(len(str(kind)) for kind in kinds) > 24
        labels = [short(kind, 14) for kind in kinds]
        ax.set_xticks(range(len(kinds)), labels, rotation=35 if crowded else 0, ha="right" if crowded else "center")
        ax.set_xlim(-0.6, len(kinds) - 0.4)
        ax.grid(axis="x", visible=False)
    else:
        places = values
        if spans_powers_of_ten(values):
            ax.set_xscale("log")
            ax.xaxis.set_major_locator(LogLocator(numticks=5))
            ax.xaxis.set_minor_formatter(NullFormatter())
        else:
            ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scatter(ax, rows, places, best_trial)


def scatter(ax: Axes, rows: list[Row], places: list[float], best_trial: int) -> None:
    points = {row["trial"]: (place, row[OBJECTIVE]) for row, place in zip(rows, places, strict=True)}
    baseline, best = points.get(BASELINE_TRIAL), points.get(best_trial)
    others = [point for trial, point in points.items() if trial != BASELINE_TRIAL]
    if others:
        ax.scatter(*zip(*others, strict=True), **TRIAL, label="trial")
    if baseline:
        ax.scatter(*baseline, **FROM_BASELINE, label="the baseline's recipe")
    if best:
        ax.scatter(*best, **BEST, label="chosen")


def mark_at_the_edge(ax: Axes, rows: list[Row], marker: str, colour: str, label: str) -> None:
    if rows:
        trials = [row["trial"] for row in rows]
        along = ax.get_xaxis_transform()
        ax.scatter(trials, [0.03] * len(trials), marker=marker, s=22, color=colour, transform=along, label=label)


def limits(rows: list[Row]) -> tuple[float, float]:
    low, high = worth_showing([row[OBJECTIVE] for row in rows], depth=3)
    baseline = [row[OBJECTIVE] for row in rows if row["trial"] == BASELINE_TRIAL]
    return min([low, *(value - 0.08 * (high - value) for value in baseline)]), high


def rows_with_best(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["best_so_far"] is not None]


def columns(rows: list[Row], key: str) -> tuple[list[int], list[float]]:
    return [row["trial"] for row in rows], [row[key] for row in rows]


def varied(rows: list[Row]) -> list[str]:
    fixed = {"trial", "recipe", "status", OBJECTIVE, "best_so_far"}
    names = [name for name in (rows[0] if rows else {}) if name not in fixed]
    return [name for name in names if len({str(row[name]) for row in rows if row[name] is not None}) > 1]


def choices(values: list[Any]) -> list[Any] | None:
    """The values in order, if they are few or no numbers; None for a range of numbers."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    distinct = list({str(value): value for value in values}.values())
    drawn_from_a_range = any(len(str(value)) > DIGITS_OF_A_CHOICE for value in distinct)
    if numbers and (len(distinct) > CHOICES_UP_TO or drawn_from_a_range):
        return None
    return sorted(distinct, key=None if numbers else str)


def spans_powers_of_ten(values: list[float]) -> bool:
    low, high = min(values), max(values)
    crowded_below = median(values) - low < CROWDED_SHARE * (high - low)
    return low > 0 and high / low >= LOG_FROM_RATIO and crowded_below


def spread(trial: int) -> float:
    """Sideways, so that points of one choice do not hide each other; the same every time."""
    return 0.5 * ((0.5 + trial * GOLDEN) % 1 - 0.5)
