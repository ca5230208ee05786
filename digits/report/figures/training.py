"""Accuracy and loss per epoch: the mean over the seeds, in a band from the lowest seed to the highest."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from digits.report.figures import data
from digits.report.figures.style import QUIET, band_of, draw_bands, log_axis, percent, titled, zoom

MARKED_EPOCHS = 25
LOG_FROM_RATIO = 8


def draw(results: data.Results) -> Figure:
    rows = data.training(results)
    figure = titled(f"{results.family}: training", height=4.9)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    last = max(row["epoch"] for row in rows)
    for across, measure in zip(axes, data.MEASURES, strict=True):
        of_measure = [row for row in rows if row["measure"] == measure]
        for ax, split in zip(across, data.SPLITS, strict=True):
            of_split = [row for row in of_measure if row["split"] == split]
            draw_bands(ax, of_split, "epoch", marker="o" if last <= MARKED_EPOCHS else None)
            ax.set_title(f"{split} {measure}")
        scale(across[0], measure, of_measure)
    for ax in axes[1]:
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        ax.margins(x=0.04)
        if last <= 1:
            ax.set_xlim(0, 2)
    if results.seeds > 1:
        figure.supxlabel(band_of(results.seeds), size=7, color=QUIET)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def scale(ax: Axes, measure: str, rows: list[data.Row]) -> None:
    values = [row[key] for row in rows for key in ("lowest", "highest")]
    if measure == "accuracy":
        ax.set_ylim(*zoom(values))
        ax.yaxis.set_major_formatter(percent)
    elif min(values) > 0 and max(values) / min(values) > LOG_FROM_RATIO:
        log_axis(ax, "y", subs=(1, 2, 5))
