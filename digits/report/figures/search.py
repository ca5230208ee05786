"""What the searches tried and what came of it."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.evaluation.objective import of_epoch
from digits.report.figures import data
from digits.report.figures.data import BASELINE_TRIAL, OBJECTIVE, Results, Row
from digits.report.figures.style import INK, QUIET, WRONG, counted, log_axis, percent, plain, short, titled, zoom

PLACE = "place"  # among the trials of all searches
ACROSS = 3
CHOICES_UP_TO = 6
DIGITS_OF_A_CHOICE = 6
LOG_FROM_RATIO = 20
CROWDED_SHARE = 0.2
GOLDEN = 0.618034

TRIAL = {"marker": "o", "s": 16, "color": "#56a0cf", "alpha": 0.75, "linewidths": 0, "zorder": 2}
STOPPED = {"marker": "o", "s": 14, "zorder": 2, "facecolors": "none", "edgecolors": "#56a0cf", "linewidths": 0.8}
FROM_BASELINE = {"marker": "D", "s": 34, "color": INK, "linewidths": 0, "zorder": 4}
# By importance, the last on top.
CURVES = (
    {"color": "#56a0cf", "alpha": 0.5, "linewidth": 0.9, "label": "stopped early"},
    {"color": "#56a0cf", "alpha": 0.9, "linewidth": 1.3, "label": "trained to the end"},
    {"color": INK, "linewidth": 1.6, "label": "the baseline's recipe"},
    {"color": WRONG, "linewidth": 1.8, "label": "chosen"},
)
BEST = {"marker": "o", "s": 70, "facecolors": "none", "edgecolors": WRONG, "linewidths": 1.4, "zorder": 5}


def draw(results: Results) -> Figure:
    """How each trial did, epoch by epoch; those that failed are counted only."""
    trials = [trial for trial in results.trials if trial[OBJECTIVE] is not None]
    count, searches = counted(len(results.trials), "trial"), results.searches
    over = f"{searches} searches over {count} in all" if searches > 1 else f"search over {count}"
    figure = titled(f"{results.family}: {over}", height=3.4)
    ax = figure.subplots()
    low, high = limits(trials)
    ax.set_ylim(low, high)
    for trial in sorted(trials, key=importance):
        draw_curve(ax, trial, results.objective)
    ax.set_xlim(0.5, max(len(trial["epochs"]) for trial in trials) + 0.5)
    ax.yaxis.set_major_formatter(percent)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_ylabel(f"objective: {results.objective}")
    below = sum(trial[OBJECTIVE] < low for trial in trials)
    notes = {"failed": len(results.trials) - len(trials), "below this scale": below}
    told = [f"{counted(number, 'trial')} {what}" for what, number in notes.items() if number]
    ax.set_xlabel(f"epoch ({'; '.join(told)})" if told else "epoch")
    handles = {label: handle for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=4, handletextpad=0.6)
    return figure


def draw_curve(ax: Axes, trial: Row, objective: str) -> None:
    looks = CURVES[importance(trial)]
    reached = [of_epoch(epoch, objective) for epoch in trial["epochs"]]
    ax.plot([epoch["epoch"] for epoch in trial["epochs"]], reached, marker="o", **looks)


def importance(trial: Row) -> int:
    if trial["chosen"] or trial["trial"] == BASELINE_TRIAL:
        return 3 if trial["chosen"] else 2
    return int(trial["status"] == "completed")


def draw_hyperparameters(results: Results) -> Figure:
    rows = [row | {PLACE: place} for place, row in enumerate(data.search(results)) if row[OBJECTIVE] is not None]
    shown = varied(rows)
    down = max(1, math.ceil(len(shown) / ACROSS))
    figure = titled(f"{results.family}: objective ({results.objective}) by hyperparameter", height=0.9 + 1.9 * down)
    if not shown:
        figure.text(0.5, 0.45, "No hyperparameter varies among the trials.", ha="center", color=QUIET)
        return figure
    axes = figure.subplots(down, ACROSS, sharey=True, squeeze=False)
    for ax, name in zip(axes.flat, shown, strict=False):
        draw_hyperparameter(ax, name, [row for row in rows if row[name] is not None])
    for ax in axes.flat[len(shown) :]:
        ax.remove()
    axes[0, 0].set_ylim(*limits(rows))
    axes[0, 0].yaxis.set_major_formatter(percent)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def draw_hyperparameter(ax: Axes, name: str, rows: list[Row]) -> None:
    ax.set_title(name)
    values = [row[name] for row in rows]
    distinct = choices(values)
    if distinct is not None:
        places = [distinct.index(value) + jitter(row[PLACE]) for value, row in zip(values, rows, strict=True)]
        crowded = sum(len(str(value)) for value in distinct) > 24
        labels = [short(value, 14) for value in distinct]
        ax.set_xticks(range(len(distinct)), labels, rotation=35 if crowded else 0, ha="right" if crowded else "center")
        ax.set_xlim(-0.6, len(distinct) - 0.4)
        ax.grid(axis="x", visible=False)
    else:
        places = values
        if spans_powers_of_ten(values):
            log_axis(ax, "x", numticks=5)
        else:
            ax.xaxis.set_major_locator(MaxNLocator(nbins=4))
            ax.xaxis.set_major_formatter(plain)
    scatter(ax, rows, places)


def scatter(ax: Axes, rows: list[Row], places: list[float]) -> None:
    def draw(label: str, looks: Row, shown: Callable[[Row], bool]) -> None:
        points = [(place, row[OBJECTIVE]) for row, place in zip(rows, places, strict=True) if shown(row)]
        if points:
            ax.scatter(*zip(*points, strict=True), **looks, label=label)

    baseline, stopped = (lambda row: row["trial"] == BASELINE_TRIAL), (lambda row: row["status"] == "pruned")
    draw("stopped early", STOPPED, stopped)
    draw("trained to the end", TRIAL, lambda row: not (stopped(row) or baseline(row)))
    draw("the baseline's recipe", FROM_BASELINE, baseline)
    draw("chosen", BEST, lambda row: row["chosen"])


def limits(rows: list[Row]) -> tuple[float, float]:
    low, high = zoom([row[OBJECTIVE] for row in rows], depth=3)
    baseline = [row[OBJECTIVE] for row in rows if row["trial"] == BASELINE_TRIAL]
    return min([low, *(value - 0.08 * (high - value) for value in baseline)]), high


def varied(rows: list[Row]) -> list[str]:
    fixed = {PLACE, "search", "trial", "recipe", "status", "chosen", "epochs", OBJECTIVE}
    names = [name for name in rows[0] if name not in fixed]
    searched = [row for row in rows if row["trial"] != BASELINE_TRIAL]
    return [name for name in names if len({str(row[name]) for row in searched if row[name] is not None}) > 1]


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


def jitter(place: int) -> float:
    """Sideways, so that points of one choice do not hide each other; the same every time."""
    return 0.5 * ((0.5 + place * GOLDEN) % 1 - 0.5)
