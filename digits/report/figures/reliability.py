"""Reliability diagrams: accuracy by confidence. Calibrated models lie on the diagonal."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from digits.evaluation.calibration import Bin, reliability
from digits.evaluation.metrics import Predictions, calibration_errors
from digits.report.figures.data import FamilyResults
from digits.report.figures.style import (
    INK_COLOUR,
    MUTED_COLOUR,
    VARIANT_COLOURS,
    add_legend,
    create_figure,
    format_count,
    format_percent,
    set_log_scale,
)

MIN_IMAGES = 20  # with fewer, the accuracy of a bin is too uncertain


def draw(results: FamilyResults) -> Figure:
    # The predictions of all seeds together, as if they were one model's.
    pooled = {
        variant: Predictions(np.concatenate(models), np.tile(results.labels, len(models)))
        for variant, models in results.probabilities.items()
    }
    figure = create_figure(f"{results.family}: reliability diagram", 4.1, describe(results, pooled))
    diagram, histogram = figure.subplots(1, 2, sharex=True)
    for side, (variant, predictions) in zip((-1, 1), pooled.items(), strict=True):
        bins = [bin_ for bin_ in reliability(predictions.probabilities, predictions.labels) if bin_.n_images]
        draw_bins(diagram, bins, VARIANT_COLOURS[variant])
        centres, counts = [(bin_.low + bin_.high) / 2 for bin_ in bins], [bin_.n_images for bin_ in bins]
        width = side * 0.4 * (bins[0].high - bins[0].low)
        histogram.bar(centres, counts, width, align="edge", color=VARIANT_COLOURS[variant], label=variant)
    diagram.plot([0, 1], [0, 1], color=INK_COLOUR, linewidth=0.8, linestyle=":")
    diagram.text(0.04, 0.93, "underconfident", color=MUTED_COLOUR, size=7, va="top")
    diagram.text(0.98, 0.04, "overconfident", color=MUTED_COLOUR, size=7, ha="right")
    diagram.set(title="accuracy", ylim=(-0.02, 1.02))
    diagram.yaxis.set_major_formatter(format_percent)
    histogram.set(title="number of predictions", xlim=(0, 1.02))
    histogram.grid(axis="x", visible=False)
    set_log_scale(histogram.yaxis, "{x:,.0f}")
    histogram.set_ylim(bottom=0.7)
    for ax in (diagram, histogram):
        ax.set_xlabel("confidence: probability of the predicted class")
        ax.xaxis.set_major_formatter(format_percent)
    add_legend(figure)
    return figure


def describe(results: FamilyResults, pooled: dict[str, Predictions]) -> str:
    errors = (f"{variant} {calibration_errors(predictions).mean():.2%}" for variant, predictions in pooled.items())
    return (
        f"{format_count(len(results.labels), 'test image')}, {format_count(results.n_seeds, 'seed')}. Calibration "
        f"error: {', '.join(errors)}. Hollow points: fewer than {MIN_IMAGES} predictions."
    )


def draw_bins(ax: Axes, bins: list[Bin], colour: str) -> None:
    large = [bin_ for bin_ in bins if bin_.n_images >= MIN_IMAGES]
    ax.plot([bin_.confidence for bin_ in large], [bin_.accuracy for bin_ in large], color=colour, alpha=0.35)
    fills = [colour if bin_.n_images >= MIN_IMAGES else "white" for bin_ in bins]
    points = [bin_.confidence for bin_ in bins], [bin_.accuracy for bin_ in bins]
    ax.scatter(*points, s=20, facecolors=fills, edgecolors=colour, zorder=3)
