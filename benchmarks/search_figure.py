"""How good the best trial of each search was, by the seconds and by the epochs that had been spent on it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.figures.style import BASELINE, TUNED, WRONG, log_axis, titled

COLOURS = (TUNED, "#cc79a7", BASELINE, "#009e73", WRONG)
STEPS = 400


def draw(searches: Mapping[str, Sequence[Sequence[Sequence[float]]]]) -> Figure:
    """Of each tuner, the points of each of its searches: seconds, epochs, and the best objective by then."""
    seeds = len(next(iter(searches.values())))
    figure = titled(f"Best trial so far: median of {seeds} searches, band from the lowest to the highest", height=3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for ax, column, unit in ((left, 0, "seconds since the start of Python"), (right, 1, "epochs trained")):
        for (name, found), colour in zip(searches.items(), COLOURS, strict=True):
            draw_band(ax, [[(point[column], 1 - point[2]) for point in points] for points in found], name, colour)
        ax.set_xlabel(unit)
        ax.set_xlim(0)
    log_axis(left, "y")
    left.set_yticks([0.02, 0.03, 0.04, 0.05, 0.07, 0.1])
    left.set_ylabel("1 - objective (lower is better)")
    lowest = min(1 - points[-1][2] for found in searches.values() for points in found)
    left.set_ylim(lowest * 0.95, lowest * 5)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(COLOURS))
    return figure


def draw_band(ax: Axes, curves: list[list[tuple[float, float]]], name: str, colour: Any) -> None:
    """From where all searches have a trial, to where the first of them ends."""
    first, last = max(curve[0][0] for curve in curves), min(curve[-1][0] for curve in curves)
    places = np.linspace(first, last, STEPS)
    reached = np.array([at(curve, places) for curve in curves])
    ax.fill_between(places, reached.min(axis=0), reached.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    ax.plot(places, np.median(reached, axis=0), color=colour, label=name)


def at(curve: list[tuple[float, float]], places: np.ndarray) -> np.ndarray:
    when, reached = (np.array(column) for column in zip(*curve, strict=True))
    return reached[np.searchsorted(when, places, side="right") - 1]
