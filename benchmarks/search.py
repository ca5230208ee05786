"""Searches: ours against Keras Tuner's own in plain scripts

The MLP's: same space, images, objective and longest trial; both from the start of Python. Ours runs as params.yaml has
it, and once with halving of as many recipes as fit into as many epochs. A plain search ends after as many, too. Seconds
to its best objective are those until each of the two first reaches it: 0 where ours never does. Above 1, ours is
better. The best recipe of each is then trained in full, by our code, with two seeds, and tested. reports/searches.json
keeps each search as it ends; what it holds is not run again, so that a benchmark that was stopped goes on. What was
kept on other days was not measured in turns.
"""

import tempfile
from math import sqrt
from pathlib import Path
from statistics import mean, variance

from benchmarks.run import Row, main
from benchmarks.search_figure import draw
from benchmarks.search_runs import SEEDS, Record, in_turns, kept, prepared, run_once, test_once
from digits.common.paths import REPORTS
from digits.figures import style

RECORD, PICTURE = REPORTS / "searches.json", Path("docs/pictures/searches.png")


def measure(pairs: int, count: int | None) -> list[Row]:
    kept_here, picture = RECORD.resolve(), PICTURE.resolve()
    with tempfile.TemporaryDirectory() as folder, prepared(Path(folder), count):
        record = Path(folder, RECORD.name) if count else kept_here
        for seed in range(1, pairs + 1):
            for tuner, method in in_turns(seed):
                run_once(record, tuner, method, seed)
        for found in kept(record):
            test_once(record, found)
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


if __name__ == "__main__":
    main(measure, pairs=5)
