"""Accuracy and loss by epoch: the mean over the seeds, in a band from the lowest to the highest seed."""

from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.report.figures import data
from digits.report.figures.style import (
    VARIANT_COLOURS,
    add_legend,
    create_figure,
    format_percent,
    set_log_scale,
    upper_limits,
)

MIN_LOG_RATIO = 8
MAX_MARKED_POINTS = 25


def draw(results: data.FamilyResults) -> Figure:
    rows = data.training_table(results)
    figure = create_figure(f"{results.family}: training curves", 4.9, describe_band(results.n_seeds))
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    for ax, (measure, split) in zip(axes.flat, product(data.MEASURES, data.SPLIT_PREFIXES), strict=True):
        draw_bands(ax, [row for row in rows if (row["measure"], row["split"]) == (measure, split)], "epoch")
        ax.set_title(f"{split} {measure}")
    accuracy, loss = axes[:, 0]
    accuracies = [row[key] for row in rows if row["measure"] == "accuracy" for key in ("lowest", "highest")]
    accuracy.set_ylim(*upper_limits(accuracies))
    accuracy.yaxis.set_major_formatter(format_percent)
    losses = [row["lowest"] for row in rows if row["measure"] == "loss"]
    if max(losses) > MIN_LOG_RATIO * min(losses) > 0:
        set_log_scale(loss.yaxis)
    loss.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    for ax in axes[1]:
        ax.set_xlabel("epoch")
    add_legend(figure)
    return figure


def draw_bands(ax: Axes, rows: list[data.Record], x: str) -> None:
    """Draw the mean of each variant, in a band from the lowest to the highest seed."""
    for variant, colour in VARIANT_COLOURS.items():
        points = [[row[key] for key in (x, "mean", "lowest", "highest")] for row in rows if row["variant"] == variant]
        positions, mean, lowest, highest = zip(*points, strict=True)
        ax.fill_between(positions, lowest, highest, color=colour, alpha=0.2, linewidth=0.5)
        ax.plot(positions, mean, color=colour, marker="o" if len(points) <= MAX_MARKED_POINTS else None, label=variant)


def describe_band(n_seeds: int) -> str:
    return f"Lines: mean of {n_seeds} seeds; bands: lowest to highest seed." if n_seeds > 1 else ""
