"""What tuning cost, in units that are the same on every machine, and what it chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digits.comparison.comparison import Row
from digits.evaluation import flops


@dataclass(frozen=True)
class Search:
    family: str
    trials: int
    epochs: int
    tflop: float
    space: Mapping[str, Any]
    baseline: Mapping[str, Any]
    best: Mapping[str, Any]


def tflop(multiply_adds: int, images: int, epochs: int) -> float:
    return round(flops.of_training(multiply_adds, images, epochs) / 1e12, 3)


def search(record: Mapping[str, Any]) -> Search:
    trials = record["trials"]
    return Search(
        family=record["family"],
        trials=len(trials),
        epochs=sum(len(trial["epochs"]) for trial in trials),
        tflop=round(flops.of_search(record) / 1e12, 3),
        space=record["space"],
        baseline=trials[0]["hyperparameters"],
        best=record["best"],
    )


def markdown(searches: Sequence[Search], rows: Sequence[Row]) -> str:
    table = (
        (
            "| Family | Trials | Epochs | The search | One baseline | One tuned model | Gain per TFLOP of search "
            "| Validation over test: baseline | Tuned |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(markdown_row(each, *(row for row in rows if row.family == each.family)) for each in searches),
    )
    note = (
        "A TFLOP is 10¹² operations of training: images × epochs × multiply-adds × 6. Validation over test: mean "
        "accuracy on the images that choose, less that on those that judge; more for tuned models than for baselines "
        "would mean that the search has fitted its validation images."
    )
    return "\n".join((*table, "", note, ""))


def markdown_row(each: Search, baseline: Row, tuned: Row, *_ensembles: Row) -> str:
    per_tflop = 100 * tuned.verdict.difference / each.tflop if each.tflop else 0.0
    cells = (
        each.family,
        f"{each.trials}",
        f"{each.epochs}",
        *(f"{spent:.3g} TFLOP" for spent in (each.tflop, baseline.training_tflop, tuned.training_tflop)),
        f"{per_tflop:+.3f} points",
        *(f"{100 * (row.validation_accuracy.mean - row.accuracy.mean):+.2f} points" for row in (baseline, tuned)),
    )
    return f"| {' | '.join(cells)} |"


def recipes(each: Search) -> str:
    rows = [
        f"| {name} | {plain(value)} | {space(each.space.get(name))} | {plain(each.best[name])} |"
        for name, value in each.baseline.items()
    ]
    return "\n".join((f"| {each.family} | Baseline | Searched | Tuned |", "|---|---|---|---|", *rows, ""))


def space(values: Mapping[str, Any] | Sequence[Any] | None) -> str:
    if values is None:
        return "–"
    if isinstance(values, Mapping):
        return f"{plain(values['min'])} to {plain(values['max'])}{', by exponent' if values['log'] else ''}"
    return ", ".join(map(plain, values))


def plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
