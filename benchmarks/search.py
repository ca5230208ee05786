"""Searches: ours against Keras Tuner's own in plain scripts

The MLP's: same space, images, objective and longest trial; both from the start of Python. Ours runs as params.yaml has
it, and once with halving of as many recipes as fit into as many epochs. A plain search ends after as many, too. Seconds
to its best objective are those until each of the two first reaches it: 0 where ours never does. Above 1, ours is
better. The best recipe of each is then trained in full, by our code, with two seeds, and tested. reports/searches.json
keeps each search as it ends; what it holds is not run again, so that a benchmark that was stopped goes on. What was
kept on other days was not measured in turns.
"""

import tempfile
from collections.abc import Iterator
from math import inf, sqrt
from pathlib import Path
from statistics import mean, variance

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
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, RECORD.name) if count else RECORD.resolve()
        with prepared(Path(folder), count):
            for seed in range(1, pairs + 1):
                for tuner, method in in_turns(seed):
                    run_once(record, tuner, method, seed)
        every = by_tuner(kept(record))
    searches = {name: of_tuner[:pairs] for name, of_tuner in every.items()}
    if count is None:
        with style.use_style():
            style.save(draw(searches), PICTURE)
    return [*rows(searches), *(variance_components(name, of_tuner) for name, of_tuner in every.items())]


def by_tuner(searches: list[Record]) -> dict[str, list[Record]]:
    """By seed."""
    ordered = sorted(searches, key=lambda each: each["seed"])
    return {
        f"{tuner} {method}": [each for each in ordered if (each["tuner"], each["method"]) == (tuner, method)]
        for tuner, method in in_turns(0)
    }


def rows(searches: dict[str, list[Record]]) -> Iterator[Row]:
    """Of each tuner against the first."""
    first, *others = searches
    for name in others:
        pairs = [*zip(searches[first], searches[name], strict=True)]
        reached, ended, errors, by_then = map(list, zip(*(ratios(*pair) for pair in pairs), strict=True))
        speedup, equal = (2.0, 1.0) if name.startswith("plain") else (None, None)
        ends = "; ".join(f"{described(ours)} against {described(other)}" for ours, other in pairs)
        note = f"reached in {sum(ratio > 0 for ratio in reached)} of {len(pairs)}: {ends}"
        yield Row(f"seconds to the best objective of {name}: {name} / {first}", reached, speedup, note=note)
        yield Row(f"seconds for as many epochs: {name} / {first}", ended)
        yield Row(f"1 - objective after as many epochs: {name} / {first}", errors, equal)
        yield Row(f"1 - objective when {first} ends: {name} / {first}", by_then, equal)


def ratios(ours: Record, other: Record) -> tuple[float, float, float, float]:
    """The other's over ours: seconds to the other's best objective and to the end, 1 - objective at each one's end and
    at the end of ours."""
    (seconds, _, best), (other_seconds, _, target) = ours["points"][-1], other["points"][-1]
    reached = seconds_to(target, other) / seconds_to(target, ours)
    by_then = max((best for when, _, best in other["points"] if when <= seconds), default=0.0)
    return reached, other_seconds / seconds, (1 - target) / (1 - best), (1 - by_then) / (1 - best)


def seconds_to(objective: float, search: Record) -> float:
    return next((seconds for seconds, _, best in search["points"] if best >= objective), inf)


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


def draw(searches: dict[str, list[Record]]) -> Figure:
    n_searches = len(next(iter(searches.values())))
    title = f"Best trial so far: median of {n_searches} searches, band from the lowest to the highest"
    figure = style.create_figure(title, height=3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for ax, column, unit in ((left, 0, "seconds since the start of Python"), (right, 1, "epochs trained")):
        for (name, of_tuner), colour in zip(searches.items(), COLOURS, strict=True):
            draw_band(ax, [np.array(search["points"])[:, [column, 2]] for search in of_tuner], name, colour)
        ax.set_xlabel(unit)
        ax.set_xlim(0)
    style.set_log_scale(left.yaxis)
    left.set_yticks([0.02, 0.03, 0.04, 0.05, 0.07, 0.1])
    left.set_ylabel("1 - objective (lower is better)")
    lowest = min(1 - search["points"][-1][2] for of_tuner in searches.values() for search in of_tuner)
    left.set_ylim(lowest * 0.95, lowest * 5)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(COLOURS))
    return figure


def draw_band(ax: Axes, curves: list[np.ndarray], name: str, colour: str) -> None:
    """From where all searches have a trial, to where the first of them ends."""
    places = np.linspace(max(curve[0, 0] for curve in curves), min(curve[-1, 0] for curve in curves), STEPS)
    last = [np.searchsorted(curve[:, 0], places, side="right") - 1 for curve in curves]
    errors = np.array([1 - curve[which, 1] for curve, which in zip(curves, last, strict=True)])
    ax.fill_between(places, errors.min(axis=0), errors.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    ax.plot(places, np.median(errors, axis=0), color=colour, label=name)


if __name__ == "__main__":
    main(measure, pairs=5)
