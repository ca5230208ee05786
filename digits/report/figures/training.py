"""Accuracy and loss per epoch: the mean over the seeds, in a band from the lowest seed to the highest."""

from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.report.figures import data
from digits.report.figures.style import VARIANT_COLOURS, add_legend, log_axis, percent, titled, zoom

LOG_FROM_RATIO = 8
MAX_MARKED_POINTS = 25


def draw(results: data.Results) -> Figure:
    rows = data.training(results)
    figure = titled(f"{results.family}: training", 4.9, band_of(results.seeds))
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    for ax, (measure, split) in zip(axes.flat, product(data.MEASURES, data.SPLITS), strict=True):
        draw_bands(ax, [row for row in rows if (row["measure"], row["split"]) == (measure, split)], "epoch")
        ax.set_title(f"{split} {measure}")
    accuracy, loss = axes[:, 0]
    accuracies = [row[key] for row in rows if row["measure"] == "accuracy" for key in ("lowest", "highest")]
    accuracy.set_ylim(*zoom(accuracies))
    accuracy.yaxis.set_major_formatter(percent)
    losses = [row["lowest"] for row in rows if row["measure"] == "loss"]
    if max(losses) > LOG_FROM_RATIO * min(losses) > 0:
        log_axis(loss.yaxis)
    loss.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    for ax in axes[1]:
        ax.set_xlabel("epoch")
    add_legend(figure)
    return figure


def draw_bands(ax: Axes, rows: list[data.Row], x: str) -> None:
    """For each variant the mean, in a band from the lowest seed to the highest."""
    for variant, colour in VARIANT_COLOURS.items():
        points = [[row[key] for key in (x, "mean", "lowest", "highest")] for row in rows if row["variant"] == variant]
        positions, mean, lowest, highest = zip(*points, strict=True)
        ax.fill_between(positions, lowest, highest, color=colour, alpha=0.2, linewidth=0.5)
        ax.plot(positions, mean, color=colour, marker="o" if len(points) <= MAX_MARKED_POINTS else None, label=variant)


def band_of(seeds: int) -> str:
    return f"mean of {seeds} seeds, band from the lowest to the highest" if seeds > 1 else ""
