"""Searches: ours against Keras Tuner's own in plain scripts

The MLP's: same space, images, objective and longest trial; both from the start of Python. Ours runs as params.yaml has
it, and once with halving of as many recipes as fit into as many epochs. A plain search ends after as many, too. Seconds
to its best objective are those until each of the two first reaches it: 0 where ours never does. Above 1, ours is
better. The best recipe of each is then trained in full, by our code, with two seeds, and tested. reports/searches.json
keeps each search as it ends; what it holds is not run again, so that a benchmark that was stopped goes on. What was
kept on other days was not measured in turns.
"""

import tempfile
from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, variance
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.run import Row, main
from benchmarks.search_runs import SEEDS, Record, in_turns, kept, prepared, run_once
from digits.core.paths import REPORTS
from digits.report.figures import style

RECORD, PICTURE = REPORTS / "searches.json", Path("docs/pictures/searches.png")
COLOURS = (style.TUNED, "#cc79a7", style.BASELINE, "#009e73", style.WRONG)
STEPS = 400


def measure(pairs: int, count: int | None) -> list[Row]:
    kept_here, picture = RECORD.resolve(), PICTURE.resolve()
    with tempfile.TemporaryDirectory() as folder, prepared(Path(folder), count):
        record = Path(folder, RECORD.name) if count else kept_here
        for seed in range(1, pairs + 1):
            for tuner, method in in_turns(seed):
                run_once(record, tuner, method, seed)
        every = by_tuner(kept(record))
        searches = {name: found[:pairs] for name, found in every.items()}
        if count is None:
            with style.styled():
                style.save(
                    draw({name: [each["points"] for each in found] for name, found in searches.items()}), picture
                )
        return [*rows(searches), *(variance_components(name, found) for name, found in every.items())]


def by_tuner(searches: list[Record]) -> dict[str, list[Record]]:
    """By seed."""
    names = [f"{tuner} {method}" for tuner, method in in_turns(0)]
    ordered = sorted(searches, key=lambda each: each["seed"])
    return {name: [each for each in ordered if f"{each['tuner']} {each['method']}" == name] for name in names}


def rows(searches: dict[str, list[Record]]) -> list[Row]:
    mine, *others = searches
    found = []
    for name in others:
        pairs = list(zip(searches[mine], searches[name], strict=True))
        reached = [seconds_to_match(their, their) / seconds_to_match(my, their) for my, their in pairs]
        ended = [their["points"][-1][0] / my["points"][-1][0] for my, their in pairs]
        errors = [(1 - their["points"][-1][2]) / (1 - my["points"][-1][2]) for my, their in pairs]
        by_then = [(1 - best_after(their, my["points"][-1][0])) / (1 - my["points"][-1][2]) for my, their in pairs]
        twice, equal = (2.0, 1.0) if name.startswith("plain") else (None, None)
        ends = "; ".join(f"{described(my)} against {described(their)}" for my, their in pairs)
        note = f"reached in {sum(ratio > 0 for ratio in reached)} of {len(pairs)}: {ends}"
        found += [
            Row(f"seconds to the best objective of {name}: {name} / {mine}", reached, twice, note=note),
            Row(f"seconds for as many epochs: {name} / {mine}", ended),
            Row(f"1 - objective after as many epochs: {name} / {mine}", errors, equal),
            Row(f"1 - objective when {mine} ends: {name} / {mine}", by_then, equal),
        ]
    return found


def seconds_to_match(search: Record, other: Record) -> float:
    """Until it is as good as the other is in the end."""
    target = other["points"][-1][2]
    return next((seconds for seconds, _, best in search["points"] if best >= target), float("inf"))


def best_after(search: Record, seconds: float) -> float:
    return max((best for when, _, best in search["points"] if when <= seconds), default=0.0)


def described(search: Record) -> str:
    seconds, epochs, best = search["points"][-1]
    tested = " and ".join(f"{each:.2%}" for each in search["test_accuracy"])
    return f"{best:.4f} in {seconds:.0f} s with {epochs} epochs, tested {tested}"


def variance_components(name: str, searches: list[Record]) -> Row:
    """Of test accuracy: of seeds within a recipe, and between the recipes that searches found."""
    accuracies = [search["test_accuracy"] for search in searches]
    within = mean(map(variance, accuracies))
    between = max(0.0, variance(map(mean, accuracies)) - within / len(SEEDS)) if len(searches) > 1 else 0.0
    of_seeds, of_searches = (f"{100 * sqrt(each):.3f}" for each in (within, between))
    note = f"standard deviation of test accuracy over seeds {of_seeds} points, over searches {of_searches} points"
    return Row(f"test accuracy of the recipes of {name}", list(map(mean, accuracies)), unit="%", note=note)


def draw(searches: Mapping[str, Sequence[Sequence[Sequence[float]]]]) -> Figure:
    """Of each tuner, the points of each of its searches: seconds, epochs, and the best objective by then."""
    seeds = len(next(iter(searches.values())))
    figure = style.titled(
        f"Best trial so far: median of {seeds} searches, band from the lowest to the highest", height=3.4
    )
    left, right = figure.subplots(1, 2, sharey=True)
    for ax, column, unit in ((left, 0, "seconds since the start of Python"), (right, 1, "epochs trained")):
        for (name, found), colour in zip(searches.items(), COLOURS, strict=True):
            draw_band(ax, [[(point[column], 1 - point[2]) for point in points] for points in found], name, colour)
        ax.set_xlabel(unit)
        ax.set_xlim(0)
    style.log_axis(left, "y")
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


if __name__ == "__main__":
    main(measure, pairs=5)
