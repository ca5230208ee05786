"""Accuracy against compute, of all families at once: is what tuning brings worth what it costs?"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from digits.evaluation.flops import CostAccuracy
from digits.report.figures.style import INK, VARIANT_COLOURS, log_axis, percent, titled, zoom

MARKERS = "osD^vP"
OF_SEEDS = ": mean, lowest and highest seed"
TWO_AND_FIVE_UP_TO_RATIO = 60
UNITS = {10**15: " P", 10**12: " T", 10**9: " G", 10**6: " M", 10**3: " k", 1: ""}


def draw(points: Sequence[CostAccuracy]) -> Figure:
    families = list(dict.fromkeys(point.family for point in points))
    markers = {family: MARKERS[place % len(MARKERS)] for place, family in enumerate(families)}
    figure = titled("Accuracy against compute", height=4.1)
    to_train, to_predict = figure.subplots(1, 2, sharey=True)
    for point in points:
        draw_point(to_train, point, point.training, markers[point.family])
        draw_point(to_predict, point, point.multiply_adds, markers[point.family])
        if point.search:
            draw_search(to_train, point)
    trainings = [cost for point in points for cost in (point.training, point.training + point.search)]
    scale(to_train, trainings, "operations of training")
    scale(to_predict, [point.multiply_adds for point in points], "multiply-adds to answer one image")
    to_train.set_ylim(*zoom([value for point in points for value in point.accuracies], depth=20))
    to_train.yaxis.set_major_formatter(percent)
    to_train.set_ylabel(f"test accuracy{OF_SEEDS if any(len(point.accuracies) > 1 for point in points) else ''}")
    figure.legend(handles=legend(points, markers), loc="outside lower center", ncols=6, handletextpad=0.4)
    return figure


def draw_point(ax: Axes, point: CostAccuracy, cost: float, marker: str) -> None:
    colour = VARIANT_COLOURS[point.variant]
    if len(point.accuracies) > 1:
        ax.vlines(cost, min(point.accuracies), max(point.accuracies), color=colour, linewidth=0.9)
        ax.plot(
            [cost] * len(point.accuracies), point.accuracies, marker="_", color=colour, markersize=6, linestyle="none"
        )
    inside = colour if point.models == 1 else "white"
    ax.plot(cost, point.accuracy, marker, color=colour, markerfacecolor=inside, markersize=6.5, zorder=3)


def draw_search(ax: Axes, point: CostAccuracy) -> None:
    reach = [point.training, point.training + point.search]
    ax.plot(reach, [point.accuracy] * 2, color=VARIANT_COLOURS[point.variant], linestyle=":", linewidth=1, zorder=2)
    ax.plot(reach[1], point.accuracy, "|", color=VARIANT_COLOURS[point.variant], markersize=8)


def scale(ax: Axes, costs: list[float], name: str) -> None:
    low, high = min(costs), max(costs)
    few = high > TWO_AND_FIVE_UP_TO_RATIO * low
    log_axis(ax, "x", counted_in_units, subs=(1,) if few else (1, 2, 5))
    ax.set_xlim(low / 1.6, high * 1.6)
    ax.set_xlabel(name)


def counted_in_units(value: float, _: object = None) -> str:
    unit = next((unit for unit in UNITS if value >= unit), 1)
    return f"{value / unit:g}{UNITS[unit]}"


def legend(points: Sequence[CostAccuracy], markers: dict[str, str]) -> list[Line2D]:
    def entry(label: str, **looks: object) -> Line2D:
        return Line2D([], [], label=label, **{"linestyle": "none", "markersize": 6, "color": INK} | looks)

    entries = [entry(variant, marker="o", color=colour) for variant, colour in VARIANT_COLOURS.items()]
    entries += [entry(family, marker=marker, color=INK) for family, marker in markers.items()]
    if (models := max(point.models for point in points)) > 1:
        entries.append(entry(f"ensemble of {models}", marker="o", markerfacecolor="white"))
    if any(point.search for point in points):
        entries.append(entry("… and its search", marker="|", linestyle=":", color=VARIANT_COLOURS["tuned"]))
    return entries
