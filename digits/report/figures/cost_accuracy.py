"""Accuracy against compute, of all families at once: is what tuning brings worth what it costs?"""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from digits.evaluation.flops import CostAccuracy
from digits.report.figures.style import INK, VARIANT_COLOURS, add_legend, log_axis, percent, titled, zoom

MARKERS = "osD^vP"
SEARCH = {"linestyle": ":", "linewidth": 1, "marker": "|", "markersize": 8}


def draw(points: Sequence[CostAccuracy]) -> Figure:
    markers = dict(zip(dict.fromkeys(point.family for point in points), cycle(MARKERS), strict=False))
    figure = titled("Accuracy against compute", height=4.1)
    to_train, to_predict = figure.subplots(1, 2, sharey=True)
    for point in points:
        if point.search:
            costs = [point.training, point.training + point.search]
            to_train.plot(costs, [point.accuracy] * 2, color=VARIANT_COLOURS[point.variant], markevery=[1], **SEARCH)
        draw_point(to_train, point, point.training, markers[point.family])
        draw_point(to_predict, point, point.multiply_adds, markers[point.family])
    for ax, name in ((to_train, "operations of training"), (to_predict, "multiply-adds to answer one image")):
        ax.margins(x=0.1)
        log_axis(ax.xaxis, EngFormatter())
        ax.set_xlabel(name)
    to_train.set_ylim(*zoom([accuracy for point in points for accuracy in point.accuracies], depth=20))
    to_train.yaxis.set_major_formatter(percent)
    alone = all(len(point.accuracies) == 1 for point in points)
    to_train.set_ylabel("test accuracy" if alone else "test accuracy: mean, lowest and highest seed")
    add_entries(to_train, points, markers)
    add_legend(figure, "outside lower center")
    return figure


def draw_point(ax: Axes, point: CostAccuracy, cost: float, marker: str) -> None:
    colour = VARIANT_COLOURS[point.variant]
    inside = colour if point.n_models == 1 else "white"
    ax.plot([cost] * len(point.accuracies), point.accuracies, color=colour, linewidth=0.9, marker="_", markersize=6)
    ax.plot(cost, point.accuracy, marker, color=colour, markerfacecolor=inside, markersize=6.5)


def add_entries(ax: Axes, points: Sequence[CostAccuracy], markers: dict[str, str]) -> None:
    looks = {variant: {"color": colour, "marker": "o"} for variant, colour in VARIANT_COLOURS.items()}
    looks |= {family: {"marker": marker} for family, marker in markers.items()}
    if (models := max(point.n_models for point in points)) > 1:
        looks[f"ensemble of {models}"] = {"marker": "o", "markerfacecolor": "white"}
    if any(point.search for point in points):
        looks["… and its search"] = SEARCH | {"color": VARIANT_COLOURS["tuned"]}
    for name, look in looks.items():
        ax.plot([], [], label=name, **{"linestyle": "none", "markersize": 6, "color": INK} | look)
