"""Accuracy against compute, for all families: whether the gain of tuning is worth its cost."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from digits.evaluation.flops import CostAccuracy
from digits.report.figures.style import (
    INK_COLOUR,
    VARIANT_COLOURS,
    add_legend,
    create_figure,
    format_percent,
    set_log_scale,
    upper_limits,
)

MARKERS = "osD^vP"
SEARCH_STYLE = {"linestyle": ":", "linewidth": 1, "marker": "|", "markersize": 8}


def draw(points: Sequence[CostAccuracy]) -> Figure:
    markers = dict(zip(dict.fromkeys(point.family for point in points), cycle(MARKERS), strict=False))
    figure = create_figure("Accuracy against compute", height=4.1)
    training, prediction = figure.subplots(1, 2, sharey=True)
    for point in points:
        if point.search_operations:
            costs = [point.training_operations, point.training_operations + point.search_operations]
            colour = VARIANT_COLOURS[point.variant]
            training.plot(costs, [point.accuracy] * 2, color=colour, markevery=[1], **SEARCH_STYLE)
        draw_point(training, point, point.training_operations, markers[point.family])
        draw_point(prediction, point, point.multiply_adds, markers[point.family])
    for ax, label in ((training, "training operations"), (prediction, "multiply-adds per predicted image")):
        ax.margins(x=0.1)
        set_log_scale(ax.xaxis, EngFormatter())
        ax.set_xlabel(label)
    accuracies = [accuracy for point in points for accuracy in point.accuracies]
    training.set_ylim(*upper_limits(accuracies, max_range_ratio=20))
    training.yaxis.set_major_formatter(format_percent)
    has_range = any(len(point.accuracies) > 1 for point in points)
    training.set_ylabel("test accuracy: mean, lowest and highest seed" if has_range else "test accuracy")
    add_legend_entries(training, points, markers)
    add_legend(figure, "outside lower center")
    return figure


def draw_point(ax: Axes, point: CostAccuracy, cost: float, marker: str) -> None:
    colour = VARIANT_COLOURS[point.variant]
    fill = colour if point.n_models == 1 else "white"
    ax.plot([cost] * len(point.accuracies), point.accuracies, color=colour, linewidth=0.9, marker="_", markersize=6)
    ax.plot(cost, point.accuracy, marker, color=colour, markerfacecolor=fill, markersize=6.5)


def add_legend_entries(ax: Axes, points: Sequence[CostAccuracy], markers: dict[str, str]) -> None:
    styles = {variant: {"color": colour, "marker": "o"} for variant, colour in VARIANT_COLOURS.items()}
    styles |= {family: {"marker": marker} for family, marker in markers.items()}
    if (n_models := max(point.n_models for point in points)) > 1:
        styles[f"ensemble of {n_models}"] = {"marker": "o", "markerfacecolor": "white"}
    if any(point.search_operations for point in points):
        styles["tuned, with search"] = SEARCH_STYLE | {"color": VARIANT_COLOURS["tuned"]}
    for label, style in styles.items():
        ax.plot([], [], label=label, **{"linestyle": "none", "markersize": 6, "color": INK_COLOUR} | style)
