"""Whether the models are right as often as they are sure: on the diagonal, they are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.evaluation.calibration import Bin, reliability
from digits.evaluation.metrics import Predictions, calibration_gaps
from digits.report.figures.data import Results
from digits.report.figures.style import INK, QUIET, VARIANT_COLOURS, add_legend, counted, log_axis, percent, titled

FEW = 20  # images: their accuracy says little


def draw(results: Results) -> Figure:
    # The predictions of all seeds' models, each as if it were one model's.
    outputs = {
        variant: Predictions(np.concatenate(probabilities), np.tile(results.labels, len(probabilities)))
        for variant, probabilities in results.probabilities.items()
    }
    errors = [f"{variant} {100 * calibration_gaps(output).mean():.2f}" for variant, output in outputs.items()]
    about = f"{counted(len(results.labels), 'test image')}, {counted(results.seeds, 'seed')}; off on average: "
    about += f"{', '.join(errors)} points; hollow where fewer than {FEW} answers fell"
    figure = titled(f"{results.family}: sure and right", 4.1, about)
    diagram, counts = figure.subplots(1, 2, sharex=True)
    for side, (variant, output) in zip((-1, 1), outputs.items(), strict=True):
        bins = [each for each in reliability(output.probabilities, output.labels) if each.n_images]
        draw_bins(diagram, bins, VARIANT_COLOURS[variant])
        middles, images = [(each.low + each.high) / 2 for each in bins], [each.n_images for each in bins]
        width = side * 0.4 * (bins[0].high - bins[0].low)
        counts.bar(middles, images, width, align="edge", color=VARIANT_COLOURS[variant], label=variant)
    diagram.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    diagram.text(0.04, 0.93, "more often right\nthan it says", color=QUIET, size=7, va="top")
    diagram.text(0.98, 0.04, "less often right\nthan it says", color=QUIET, size=7, ha="right")
    diagram.set(title="share of right answers", ylim=(-0.02, 1.02))
    diagram.yaxis.set_major_formatter(percent)
    counts.set(title="answers", xlim=(0, 1.02))
    counts.grid(axis="x", visible=False)
    log_axis(counts.yaxis, "{x:,.0f}")
    counts.set_ylim(bottom=0.7)
    for ax in (diagram, counts):
        ax.set_xlabel("probability that the model gives its answer")
        ax.xaxis.set_major_formatter(percent)
    add_legend(figure)
    return figure


def draw_bins(ax: Axes, bins: list[Bin], colour: str) -> None:
    many = [each for each in bins if each.n_images >= FEW]
    ax.plot([each.confidence for each in many], [each.accuracy for each in many], color=colour, alpha=0.35)
    inside = [colour if each.n_images >= FEW else "white" for each in bins]
    points = [each.confidence for each in bins], [each.accuracy for each in bins]
    ax.scatter(*points, s=20, facecolors=inside, edgecolors=colour, zorder=3)
