"""Whether the models are right as often as they are sure: on the diagonal, they are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.evaluation.calibration import Bin, reliability
from digits.evaluation.metrics import Output, calibration_gaps
from digits.report.figures.data import Results
from digits.report.figures.style import INK, QUIET, VARIANT_COLOURS, counted, log_axis, percent, titled

FEW = 20  # images: their accuracy says little
WIDTH_OF_BARS = 0.4  # of a bin


def draw(results: Results) -> Figure:
    # The predictions of all seeds' models, each as if it were one model's.
    said = {
        variant: Output(np.concatenate(probabilities), np.tile(results.labels, len(probabilities)))
        for variant, probabilities in results.probabilities.items()
    }
    figure = titled(f"{results.family}: sure and right", height=4.1)
    diagram, counts = figure.subplots(1, 2)
    diagram.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    place_names(diagram)
    for number, (variant, output) in enumerate(said.items()):
        table = reliability(output.probabilities, output.truth)
        draw_bins(diagram, variant, table)
        draw_counts(counts, number, variant, table, calibration_gaps(output).mean())
    for ax in (diagram, counts):
        ax.set_xlim(0, 1.02)
        ax.xaxis.set_major_formatter(percent)
        ax.set_xlabel("probability that the model gives its answer")
    diagram.set_ylim(-0.02, 1.02)
    diagram.set_aspect("equal")
    diagram.yaxis.set_major_formatter(percent)
    diagram.set_title("share of right answers")
    counts.set_title("answers")
    scale_counts(counts)
    seeds = counted(results.seeds, "seed")
    about = f"{counted(len(results.labels), 'test image')}, {seeds}; hollow where fewer than {FEW} answers fell"
    figure.supxlabel(about, size=7, color=QUIET)
    figure.legend(*counts.get_legend_handles_labels(), loc="outside upper right", ncols=2)
    return figure


def draw_bins(ax: Axes, variant: str, table: list[Bin]) -> None:
    colour = VARIANT_COLOURS[variant]
    shown = [each for each in table if each.images]
    many = [each for each in shown if each.images >= FEW]
    ax.plot([each.confidence for each in many], [each.accuracy for each in many], color=colour, alpha=0.35)
    for each in shown:
        inside = colour if each.images >= FEW else "white"
        ax.plot(each.confidence, each.accuracy, "o", color=colour, markerfacecolor=inside, markersize=4.5)


def draw_counts(ax: Axes, number: int, variant: str, table: list[Bin], error: float) -> None:
    width = table[0].high - table[0].low
    middles = [each.low + width * (0.5 + WIDTH_OF_BARS * (number - 0.5)) for each in table]
    label = f"{variant}: off by {100 * error:.2f} points on average"
    ax.bar(middles, [each.images for each in table], WIDTH_OF_BARS * width, color=VARIANT_COLOURS[variant], label=label)


def scale_counts(ax: Axes) -> None:
    log_axis(ax, "y", lambda value, _: f"{value:,.0f}")
    ax.set_ylim(bottom=0.7)
    ax.grid(axis="x", visible=False)


def place_names(ax: Axes) -> None:
    ax.text(0.04, 0.93, "more often right\nthan it says", color=QUIET, size=7, va="top")
    ax.text(0.98, 0.04, "less often right\nthan it says", color=QUIET, size=7, ha="right")
