"""Searches: ours against Keras Tuner's own in plain scripts

All searches are for the MLP, with the same space, images, objective and maximum number of epochs per trial; time counts
from the start of Python. Ours runs as params.yaml defines it, and also with halving of as many recipes as the same
number of epochs allows. A plain search ends after that number, too. "Seconds to the best objective" of a search is the
time until each of the two first reaches the objective with which that search ended; the ratio is 0 where ours never
reaches it. Above 1, ours is better. The best recipe of each search is then trained in full by this project's code, with
two seeds, and tested. reports/searches.json stores each search when it ends; a stored search is not repeated, so a
stopped benchmark resumes. Searches that were stored on different days were not measured in turns.
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
from benchmarks.search_runs import SEEDS, SearchResult, load_searches, rotated_tuners, run_search, temporary_project
from digits.core.paths import REPORTS
from digits.report.figures import style

SEARCHES_FILE, PICTURE = REPORTS / "searches.json", Path("docs/pictures/searches.png")
COLOURS = (style.TUNED_COLOUR, "#cc79a7", style.BASELINE_COLOUR, "#009e73", style.HIGHLIGHT_COLOUR)
STEPS = 400


def measure(n_seeds: int, n_images: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, SEARCHES_FILE.name) if n_images else SEARCHES_FILE.resolve()
        with temporary_project(Path(folder), n_images):
            for seed in range(1, n_seeds + 1):
                for tuner, method in rotated_tuners(seed):
                    run_search(file, tuner, method, seed)
        stored = group_by_tuner(load_searches(file))
    searches = {name: results[:n_seeds] for name, results in stored.items()}
    if n_images is None:
        with style.use_style():
            style.save(draw(searches), PICTURE)
    return [*comparison_rows(searches), *(accuracy_row(name, results) for name, results in stored.items())]


def group_by_tuner(searches: list[SearchResult]) -> dict[str, list[SearchResult]]:
    """Return the searches of each tuner, sorted by seed."""
    ordered = sorted(searches, key=lambda search: search["seed"])
    return {
        f"{tuner} {method}": [search for search in ordered if (search["tuner"], search["method"]) == (tuner, method)]
        for tuner, method in rotated_tuners(0)
    }


def comparison_rows(searches: dict[str, list[SearchResult]]) -> Iterator[Row]:
    """Compare the first tuner with each of the others."""
    first, *others = searches
    for name in others:
        pairs = [*zip(searches[first], searches[name], strict=True)]
        to_best, to_end, errors, early_errors = map(list, zip(*(ratios(*pair) for pair in pairs), strict=True))
        speedup, equal = (2.0, 1.0) if name.startswith("plain") else (None, None)
        ends = "; ".join(f"{format_search(candidate)} against {format_search(other)}" for candidate, other in pairs)
        note = f"reached in {sum(ratio > 0 for ratio in to_best)} of {len(pairs)}: {ends}"
        yield Row(f"seconds to the best objective of {name}: {name} / {first}", to_best, speedup, note=note)
        yield Row(f"seconds for as many epochs: {name} / {first}", to_end)
        yield Row(f"1 - objective after as many epochs: {name} / {first}", errors, equal)
        yield Row(f"1 - objective when {first} ends: {name} / {first}", early_errors, equal)


def ratios(candidate: SearchResult, reference: SearchResult) -> tuple[float, float, float, float]:
    """Return four ratios, reference / candidate: seconds to the reference's best objective, seconds to the end of each,
    1 - objective at the end of each, and 1 - objective when the candidate ends."""
    seconds, _, best = candidate["points"][-1]
    reference_seconds, _, reference_best = reference["points"][-1]
    to_best = seconds_to(reference_best, reference) / seconds_to(reference_best, candidate)
    early_best = max((objective for when, _, objective in reference["points"] if when <= seconds), default=0.0)
    return to_best, reference_seconds / seconds, (1 - reference_best) / (1 - best), (1 - early_best) / (1 - best)


def seconds_to(objective: float, search: SearchResult) -> float:
    return next((seconds for seconds, _, best in search["points"] if best >= objective), inf)


def format_search(search: SearchResult) -> str:
    seconds, epochs, best = search["points"][-1]
    accuracies = " and ".join(f"{accuracy:.2%}" for accuracy in search["test_accuracy"])
    return f"{best:.4f} in {seconds:.0f} s with {epochs} epochs, tested {accuracies}"


def accuracy_row(name: str, searches: list[SearchResult]) -> Row:
    """Return the test accuracy of each search's recipe, with its standard deviation over seeds and over searches."""
    accuracies = [search["test_accuracy"] for search in searches]
    within = mean(map(variance, accuracies))
    between = max(0.0, variance(map(mean, accuracies)) - within / len(SEEDS)) if len(searches) > 1 else 0.0
    seed_sd, search_sd = (f"{100 * sqrt(component):.3f}" for component in (within, between))
    note = f"standard deviation of test accuracy over seeds {seed_sd} points, over searches {search_sd} points"
    return Row(f"test accuracy of the recipes of {name}", list(map(mean, accuracies)), unit="%", note=note)


def draw(searches: dict[str, list[SearchResult]]) -> Figure:
    n_searches = len(next(iter(searches.values())))
    title = f"Best trial so far: median of {n_searches} searches, band from the lowest to the highest"
    figure = style.create_figure(title, height=3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for ax, column, unit in ((left, 0, "seconds since the start of Python"), (right, 1, "epochs trained")):
        for (name, results), colour in zip(searches.items(), COLOURS, strict=True):
            draw_band(ax, [np.array(search["points"])[:, [column, 2]] for search in results], name, colour)
        ax.set_xlabel(unit)
        ax.set_xlim(0)
    style.set_log_scale(left.yaxis)
    left.set_yticks([0.02, 0.03, 0.04, 0.05, 0.07, 0.1])
    left.set_ylabel("1 - objective (lower is better)")
    lowest = min(1 - search["points"][-1][2] for results in searches.values() for search in results)
    left.set_ylim(lowest * 0.95, lowest * 5)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=len(COLOURS))
    return figure


def draw_band(ax: Axes, curves: list[np.ndarray], name: str, colour: str) -> None:
    """Draw the median and the range of the curves, from where all have a trial to where the first of them ends."""
    x = np.linspace(max(curve[0, 0] for curve in curves), min(curve[-1, 0] for curve in curves), STEPS)
    indices = [np.searchsorted(curve[:, 0], x, side="right") - 1 for curve in curves]
    errors = np.array([1 - curve[index, 1] for curve, index in zip(curves, indices, strict=True)])
    ax.fill_between(x, errors.min(axis=0), errors.max(axis=0), color=colour, alpha=0.15, linewidth=0)
    ax.plot(x, np.median(errors, axis=0), color=colour, label=name)


if __name__ == "__main__":
    main(measure, n_repeats=5)
