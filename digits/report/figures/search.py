"""The trials of the searches: their learning curves, and their scores by hyperparameter."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.evaluation.objective import score
from digits.report.figures.data import BASELINE_TRIAL, SCORE_KEY, FamilyResults, Record
from digits.report.figures.style import (
    HIGHLIGHT_COLOUR,
    INK_COLOUR,
    MUTED_COLOUR,
    add_legend,
    add_panels,
    create_figure,
    format_count,
    format_percent,
    set_log_scale,
    shorten,
    upper_limits,
)

N_COLUMNS = 3
MAX_CHOICES = 6
MAX_CHOICE_DIGITS = 6
MAX_LEVEL_CHARACTERS = 27
MIN_LOG_RATIO = 20
CROWDED_SHARE = 0.2
GOLDEN = 0.618034

SEARCHED_COLOUR = "#56a0cf"
TRIAL_STYLES = {  # later ones are drawn on top
    "stopped early": {
        "marker": "o",
        "color": SEARCHED_COLOUR,
        "alpha": 0.6,
        "linewidth": 0.9,
        "markerfacecolor": "white",
    },
    "completed": {"marker": "o", "color": SEARCHED_COLOUR, "alpha": 0.9, "linewidth": 1.3},
    "baseline recipe": {"marker": "D", "color": INK_COLOUR, "linewidth": 1.6, "markersize": 4.5},
    "chosen": {"marker": "o", "color": HIGHLIGHT_COLOUR, "linewidth": 1.8},
}
RING = {"marker": "o", "color": HIGHLIGHT_COLOUR, "markersize": 8, "markerfacecolor": "none", "markeredgewidth": 1.4}


def draw(results: FamilyResults) -> Figure:
    """Draw the score of each trial by epoch. Failed trials have no curve: the axis label has their number."""
    trials = successful_trials(results)
    low, high = score_limits(trials)
    searches = format_count(results.n_searches, "hyperparameter search", plural="hyperparameter searches")
    figure = create_figure(f"{results.family}: {searches}, {format_count(len(results.trials), 'trial')}", height=3.4)
    ax = figure.subplots()
    for label, style in TRIAL_STYLES.items():
        for trial in trials:
            if label == ("chosen" if trial["chosen"] else trial_type(trial)):
                scores = [score(epoch, results.objective_name) for epoch in trial["epochs"]]
                ax.plot([epoch["epoch"] for epoch in trial["epochs"]], scores, label=label, **style)
    hidden = {
        "failed": len(results.trials) - len(trials),
        "below this scale": sum(trial[SCORE_KEY] < low for trial in trials),
    }
    notes = "; ".join(f"{format_count(count, 'trial')} {reason}" for reason, count in hidden.items() if count)
    ax.set(ylim=(low, high), xlabel=f"epoch ({notes})" if notes else "epoch")
    ax.set_ylabel(f"objective: {results.objective_name}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.yaxis.set_major_formatter(format_percent)
    add_legend(figure, "outside lower center")
    return figure


def draw_hyperparameters(results: FamilyResults) -> Figure:
    trials = successful_trials(results)
    names = searched_hyperparameters(trials)
    height = 0.9 + 1.9 * max(1, -(-len(names) // N_COLUMNS))
    figure = create_figure(f"{results.family}: objective ({results.objective_name}) by hyperparameter", height)
    if not names:
        figure.text(0.5, 0.45, "No hyperparameter varies among the trials.", ha="center", color=MUTED_COLOUR)
        return figure
    for name, ax in add_panels(figure, names, N_COLUMNS).items():
        draw_hyperparameter(ax, name, [trial for trial in trials if trial["hyperparameters"].get(name) is not None])
        ax.set_ylim(*score_limits(trials))
        ax.yaxis.set_major_formatter(format_percent)
    add_legend(figure, "outside lower center")
    return figure


def draw_hyperparameter(ax: Axes, name: str, trials: list[Record]) -> None:
    values = [trial["hyperparameters"][name] for trial in trials]
    from_range = is_range(values)
    positions = np.array(values if from_range else position_choices(ax, values))
    scores = np.array([trial[SCORE_KEY] for trial in trials])
    masks = {label: [trial_type(trial) == label for trial in trials] for label in TRIAL_STYLES}
    masks["chosen"] = [trial["chosen"] for trial in trials]
    for label, mask in masks.items():
        if any(mask):
            style = {"markersize": 3.5} | (RING if label == "chosen" else TRIAL_STYLES[label]) | {"linestyle": "none"}
            ax.plot(positions[mask], scores[mask], label=label, **style)
    ax.set_title(name)
    if from_range:
        scale_range(ax.xaxis, values)


def position_choices(ax: Axes, values: list[Any]) -> np.ndarray:
    """Place the choices side by side and equal values slightly apart, so that points do not hide each other."""
    choices = sorted(set(values), key=None if are_numbers(values) else str)
    labels = [shorten(choice, 14) for choice in choices]
    slanted = len(labels) * max(map(len, labels)) > MAX_LEVEL_CHARACTERS
    ax.set_xticks(range(len(choices)), labels, rotation=35 if slanted else 0, rotation_mode="xtick")
    ax.set_xlim(-0.6, len(choices) - 0.4)
    ax.grid(axis="x", visible=False)
    jitter = (0.5 + GOLDEN * np.arange(len(values))) % 1 - 0.5
    return 0.5 * jitter + [choices.index(value) for value in values]


def scale_range(axis: Axis, values: list[float]) -> None:
    low, high = min(values), max(values)
    if high >= MIN_LOG_RATIO * low > 0 and np.median(values) - low < CROWDED_SHARE * (high - low):
        set_log_scale(axis)
    else:
        axis.set_major_locator(MaxNLocator(nbins=4))
        axis.set_major_formatter("{x:g}")


def is_range(values: list[Any]) -> bool:
    """Many numbers, or numbers with many digits, were drawn from a range; others are choices."""
    distinct = {str(value) for value in values}
    return are_numbers(values) and (len(distinct) > MAX_CHOICES or max(map(len, distinct)) > MAX_CHOICE_DIGITS)


def are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def successful_trials(results: FamilyResults) -> list[Record]:
    return [trial for trial in results.trials if trial[SCORE_KEY] is not None]


def trial_type(trial: Record) -> str:
    if trial["trial"] == BASELINE_TRIAL:
        return "baseline recipe"
    return "stopped early" if trial["status"] == "pruned" else "completed"


def score_limits(trials: list[Record]) -> tuple[float, float]:
    low, high = upper_limits([trial[SCORE_KEY] for trial in trials], max_range_ratio=3)
    baseline_scores = [trial[SCORE_KEY] for trial in trials if trial["trial"] == BASELINE_TRIAL]
    return min([low, *(value - 0.08 * (high - value) for value in baseline_scores)]), high


def searched_hyperparameters(trials: list[Record]) -> list[str]:
    """Return the hyperparameters of which the search tried more than one value."""
    names = dict.fromkeys(name for trial in trials for name in trial["hyperparameters"])
    recipes = [trial["hyperparameters"] for trial in trials if trial["trial"] != BASELINE_TRIAL]
    values = {name: {str(recipe[name]) for recipe in recipes if recipe.get(name) is not None} for name in names}
    return [name for name in names if len(values[name]) > 1]
