"""What the searches cost and which hyperparameters they chose, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digits.comparison.comparison import ACCURACY, VariantResult
from digits.core.paths import VARIANTS
from digits.evaluation import flops
from digits.report.tables import table


@dataclass(frozen=True)
class SearchCost:
    """The cost of a family's searches, in units that do not depend on the machine, and the recipes that they chose."""

    family: str
    n_trials: int
    n_epochs: int
    tflop: float
    space: Mapping[str, Any]
    baseline_recipe: Mapping[str, Any]
    best_recipes: Mapping[int, Mapping[str, Any]]  # by the seed of the search


def search_cost(record: Mapping[str, Any]) -> SearchCost:
    trials = [trial for search in record["searches"] for trial in search["trials"]]
    return SearchCost(
        family=record["family"],
        n_trials=len(trials),
        n_epochs=sum(len(trial["epochs"]) for trial in trials),
        tflop=flops.to_tflop(flops.search_operations(record)),
        space=record["space"],
        baseline_recipe=trials[0]["hyperparameters"],
        best_recipes={search["seed"]: search["best"] for search in record["searches"]},
    )


def cost_table(searches: Sequence[SearchCost], rows: Sequence[VariantResult]) -> str:
    header = ("Family", "Trials", "Epochs", "Search", "One baseline model", "One tuned model")
    header += ("Gain per TFLOP of search", *(f"Validation minus test accuracy: {variant}" for variant in VARIANTS))
    note = (
        "One TFLOP is 10¹² training operations: images × epochs × multiply-adds × 6. Validation minus test accuracy: a "
        "larger difference for tuned models than for baselines would mean that the search overfits the validation "
        "images."
    )
    if (n_searches := len(searches[0].best_recipes)) > 1:
        note += (
            f" Trials, epochs and TFLOP of the search are sums over {n_searches} searches; the gain is per TFLOP of "
            "one search; the TFLOP of one tuned model are a mean."
        )
    return f"{table(header, 'lrrrrrrrr', [cost_cells(search, rows) for search in searches])}\n\n{note}\n"


def cost_cells(search: SearchCost, rows: Sequence[VariantResult]) -> tuple[str, ...]:
    rows_by_name = {row.name: row for row in rows}
    baseline, tuned = (rows_by_name[f"{search.family} {variant}"] for variant in VARIANTS)
    gain = 100 * tuned.verdicts[ACCURACY.name].difference
    gain_per_tflop = gain / (search.tflop / len(search.best_recipes)) if search.tflop else 0.0
    surpluses = (100 * (row.validation_accuracy.mean - row.accuracy.mean) for row in (baseline, tuned))
    return (
        search.family,
        f"{search.n_trials}",
        f"{search.n_epochs}",
        *(f"{tflop:.3g} TFLOP" for tflop in (search.tflop, baseline.training_tflop, tuned.training_tflop)),
        f"{gain_per_tflop:+.3f} points",
        *(f"{surplus:+.2f} points" for surplus in surpluses),
    )


def recipe_table(search: SearchCost) -> str:
    rows = [
        (
            name,
            format_value(value),
            format_space(search.space.get(name)),
            *(format_value(recipe[name]) for recipe in search.best_recipes.values()),
        )
        for name, value in search.baseline_recipe.items()
    ]
    tuned_columns = ["Tuned"] if len(search.best_recipes) == 1 else [f"Search {seed}" for seed in search.best_recipes]
    header = (search.family, "Baseline", "Search space", *tuned_columns)
    return f"{table(header, 'l' * len(header), rows)}\n"


def format_space(values: Mapping[str, Any] | Sequence[Any] | None) -> str:
    if values is None:
        return "–"
    if isinstance(values, Mapping):
        scale = " (log scale)" if values["log"] else ""
        return f"{format_value(values['min'])} to {format_value(values['max'])}{scale}"
    return ", ".join(map(format_value, values))


def format_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
