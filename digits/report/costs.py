"""What tuning cost and what it chose, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digits.comparison.comparison import ACCURACY, Row
from digits.evaluation import flops
from digits.report.tables import table


@dataclass(frozen=True)
class SearchCost:
    """Of a family's searches: what they took, in units that are the same on every machine, and what each chose."""

    family: str
    trials: int
    epochs: int
    tflop: float
    space: Mapping[str, Any]
    baseline: Mapping[str, Any]
    best: Mapping[int, Mapping[str, Any]]  # by the search's seed


def search_cost(record: Mapping[str, Any]) -> SearchCost:
    trials = [trial for search in record["searches"] for trial in search["trials"]]
    return SearchCost(
        family=record["family"],
        trials=len(trials),
        epochs=sum(len(trial["epochs"]) for trial in trials),
        tflop=flops.to_tflop(flops.search_operations(record)),
        space=record["space"],
        baseline=trials[0]["hyperparameters"],
        best={search["seed"]: search["best"] for search in record["searches"]},
    )


def table_of(searches: Sequence[SearchCost], rows: Sequence[Row]) -> str:
    by_name = {row.name: row for row in rows}
    lines = []
    for search in searches:
        baseline, tuned = (by_name[f"{search.family} {variant}"] for variant in ("baseline", "tuned"))
        gain = 100 * tuned.verdicts[ACCURACY.name].difference
        per_tflop = gain / (search.tflop / len(search.best)) if search.tflop else 0.0
        spent = (search.tflop, baseline.training_tflop, tuned.training_tflop)
        overfit = (100 * (row.validation_accuracy.mean - row.accuracy.mean) for row in (baseline, tuned))
        lines.append(
            (
                search.family,
                f"{search.trials}",
                f"{search.epochs}",
                *(f"{tflop:.3g} TFLOP" for tflop in spent),
                f"{per_tflop:+.3f} points",
                *(f"{points:+.2f} points" for points in overfit),
            )
        )
    head = ("Family", "Trials", "Epochs", "The search", "One baseline", "One tuned model")
    head += ("Gain per TFLOP of search", "Validation less test accuracy: baseline", "Tuned")
    note = (
        "A TFLOP is 10¹² operations of training: images × epochs × multiply-adds × 6. Validation less test: mean "
        "accuracy on the images that choose, less that on those that judge; more for tuned models than for baselines "
        "would mean that the search has fitted its validation images."
    )
    if (count := len(searches[0].best)) > 1:
        note += (
            f" Trials, epochs and TFLOP of the search are the sums of {count} searches, the gain is per TFLOP of one, "
            "and one tuned model is the mean."
        )
    return f"{table(head, 'lrrrrrrrr', lines)}\n\n{note}\n"


def recipes(search: SearchCost) -> str:
    found = search.best.values()
    rows = [
        (name, readable(value), readable_space(search.space.get(name)), *(readable(each[name]) for each in found))
        for name, value in search.baseline.items()
    ]
    tuned = ["Tuned"] if len(found) == 1 else [f"Search {seed}" for seed in search.best]
    return table((search.family, "Baseline", "Searched", *tuned), "lll" + "l" * len(found), rows) + "\n"


def readable_space(values: Mapping[str, Any] | Sequence[Any] | None) -> str:
    if values is None:
        return "–"
    if isinstance(values, Mapping):
        scale = " (log scale)" if values["log"] else ""
        return f"{readable(values['min'])} to {readable(values['max'])}{scale}"
    return ", ".join(map(readable, values))


def readable(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
