"""What the searches tried and what came of it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.evaluation.objective import score
from digits.report.figures.data import BASELINE_TRIAL, OBJECTIVE, Results, Row
from digits.report.figures.style import (
    INK,
    QUIET,
    WRONG,
    add_legend,
    counted,
    log_axis,
    panels,
    percent,
    short,
    titled,
    zoom,
)

ACROSS = 3
MAX_CHOICES = 6
MAX_DIGITS_OF_A_CHOICE = 6
MAX_LEVEL_CHARACTERS = 27
LOG_FROM_RATIO = 20
CROWDED_SHARE = 0.2
GOLDEN = 0.618034

SEARCHED = "#56a0cf"
KINDS = {  # the last on top
    "stopped early": {"marker": "o", "color": SEARCHED, "alpha": 0.6, "linewidth": 0.9, "markerfacecolor": "white"},
    "trained to the end": {"marker": "o", "color": SEARCHED, "alpha": 0.9, "linewidth": 1.3},
    "the baseline's recipe": {"marker": "D", "color": INK, "linewidth": 1.6, "markersize": 4.5},
    "chosen": {"marker": "o", "color": WRONG, "linewidth": 1.8},
}
RING = {"marker": "o", "color": WRONG, "markersize": 8, "markerfacecolor": "none", "markeredgewidth": 1.4}


def draw(results: Results) -> Figure:
    """How each trial did, epoch by epoch; those that failed are counted only."""
    trials = finished(results)
    low, high = limits(trials)
    count, searches = counted(len(results.trials), "trial"), results.searches
    over = f"{searches} searches over {count} in all" if searches > 1 else f"search over {count}"
    figure = titled(f"{results.family}: {over}", height=3.4)
    ax = figure.subplots()
    for label, look in KINDS.items():
        for trial in trials:
            if label == ("chosen" if trial["chosen"] else kind(trial)):
                reached = [score(epoch, results.objective) for epoch in trial["epochs"]]
                ax.plot([epoch["epoch"] for epoch in trial["epochs"]], reached, label=label, **look)
    counts = {"failed": len(results.trials) - len(trials), "below this scale": sum(t[OBJECTIVE] < low for t in trials)}
    notes = "; ".join(f"{counted(number, 'trial')} {what}" for what, number in counts.items() if number)
    ax.set(ylim=(low, high), xlabel=f"epoch ({notes})" if notes else "epoch", ylabel=f"objective: {results.objective}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.yaxis.set_major_formatter(percent)
    add_legend(figure, "outside lower center")
    return figure


def draw_hyperparameters(results: Results) -> Figure:
    trials = finished(results)
    names = varied(trials)
    height = 0.9 + 1.9 * max(1, -(-len(names) // ACROSS))
    figure = titled(f"{results.family}: objective ({results.objective}) by hyperparameter", height)
    if not names:
        figure.text(0.5, 0.45, "No hyperparameter varies among the trials.", ha="center", color=QUIET)
        return figure
    for name, ax in panels(figure, names, ACROSS).items():
        draw_hyperparameter(ax, name, [trial for trial in trials if trial["hyperparameters"].get(name) is not None])
    ax.set_ylim(*limits(trials))
    ax.yaxis.set_major_formatter(percent)
    add_legend(figure, "outside lower center")
    return figure


def draw_hyperparameter(ax: Axes, name: str, trials: list[Row]) -> None:
    values = [trial["hyperparameters"][name] for trial in trials]
    from_range = is_range(values)
    positions = np.array(values if from_range else position_choices(ax, values))
    objectives = np.array([trial[OBJECTIVE] for trial in trials])
    groups = {label: [kind(trial) == label for trial in trials] for label in KINDS}
    groups["chosen"] = [trial["chosen"] for trial in trials]
    for label, shown in groups.items():
        if any(shown):
            look = {"markersize": 3.5} | (RING if label == "chosen" else KINDS[label]) | {"linestyle": "none"}
            ax.plot(positions[shown], objectives[shown], label=label, **look)
    ax.set_title(name)
    if from_range:
        scale_range(ax.xaxis, values)


def position_choices(ax: Axes, values: list[Any]) -> np.ndarray:
    """Side by side; equal values a little apart, so that their points do not hide each other."""
    choices = sorted(set(values), key=None if are_numbers(values) else str)
    labels = [short(choice, 14) for choice in choices]
    slanted = len(labels) * max(map(len, labels)) > MAX_LEVEL_CHARACTERS
    ax.set_xticks(range(len(choices)), labels, rotation=35 if slanted else 0, rotation_mode="xtick")
    ax.set_xlim(-0.6, len(choices) - 0.4)
    ax.grid(axis="x", visible=False)
    apart = (0.5 + GOLDEN * np.arange(len(values))) % 1 - 0.5
    return 0.5 * apart + [choices.index(value) for value in values]


def scale_range(axis: Axis, values: list[float]) -> None:
    low, high = min(values), max(values)
    if high >= LOG_FROM_RATIO * low > 0 and np.median(values) - low < CROWDED_SHARE * (high - low):
        log_axis(axis)
    else:
        axis.set_major_locator(MaxNLocator(nbins=4))
        axis.set_major_formatter("{x:g}")


def is_range(values: list[Any]) -> bool:
    """Many numbers, or long ones, as drawn from a range; else a few choices."""
    distinct = {str(value) for value in values}
    return are_numbers(values) and (len(distinct) > MAX_CHOICES or max(map(len, distinct)) > MAX_DIGITS_OF_A_CHOICE)


def are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def finished(results: Results) -> list[Row]:
    return [trial for trial in results.trials if trial[OBJECTIVE] is not None]


def kind(trial: Row) -> str:
    if trial["trial"] == BASELINE_TRIAL:
        return "the baseline's recipe"
    return "stopped early" if trial["status"] == "pruned" else "trained to the end"


def limits(trials: list[Row]) -> tuple[float, float]:
    low, high = zoom([trial[OBJECTIVE] for trial in trials], depth=3)
    baseline = [trial[OBJECTIVE] for trial in trials if trial["trial"] == BASELINE_TRIAL]
    return min([low, *(value - 0.08 * (high - value) for value in baseline)]), high


def varied(trials: list[Row]) -> list[str]:
    """The hyperparameters of which the search tried more than one value."""
    names = dict.fromkeys(name for trial in trials for name in trial["hyperparameters"])
    searched = [trial["hyperparameters"] for trial in trials if trial["trial"] != BASELINE_TRIAL]
    return [name for name in names if len({str(each[name]) for each in searched if each.get(name) is not None}) > 1]
