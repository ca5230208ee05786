"""Set baseline and tuned side by side: for people, for spreadsheets, and for `dvc metrics`."""

from collections.abc import Iterable
from itertools import product

import pandas as pd

from digits.comparison.comparison import (
    ENSEMBLE,
    Comparison,
    Outputs,
    Result,
    Row,
    columns,
    compare,
    metrics_tree,
    summary_tree,
)
from digits.config.load import parameter
from digits.config.schema import Families, Objective, Seeds, Source
from digits.core.cli import run
from digits.core.files import read_json, write_json, write_text
from digits.core.paths import REPORTS, VARIANTS, history_file, model_file, model_name, model_names, search_file
from digits.evaluation import flops, objective
from digits.evaluation.metrics import Predictions, ensemble_name, load_predictions, measure
from digits.report import costs, model_card, tables
from digits.report.model_card import Winner


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    models = {name: load_predictions(name) for name in model_names(families, seeds)}
    results = {name: result(name, predictions) for name, predictions in models.items()}
    searches = [costs.search_cost(read_json(search_file(each))) for each in families]
    found = compare([*results.values()], recipes(families, seeds, models), len(searches[0].best))
    parts = {
        "# Baseline against tuned": tables.overview(found),
        "## All metrics": tables.results(found),
        "## Verdicts": tables.verdicts(found),
        "## Cost of tuning": costs.cost_table(searches, found.rows),
        "## Chosen hyperparameters": "\n".join(map(costs.recipe_table, searches)),
    }
    write_text(REPORTS / "comparison.md", "\n".join(f"{title}\n\n{part}" for title, part in parts.items()))
    write_csv("comparison.csv", found.rows)
    write_csv("models.csv", results.values())
    write_json(REPORTS / "metrics.json", metrics_tree(found.rows))
    write_json(REPORTS / "summary.json", summary_tree(found.rows, objectives(families, seeds)))
    write_text(REPORTS / "model_card.md", model_card.markdown(winner(results, models, found)))
    return f"{REPORTS}/comparison.md: {tables.summary(found.rows)}"


def write_csv(name: str, records: Iterable[Result | Row]) -> None:
    rows = pd.json_normalize([*map(columns, records)], sep="_")
    write_text(REPORTS / name, rows.to_csv(index=False, float_format=stable))


def stable(number: float) -> str:
    """The digits that every processor finds, for sums are rounded otherwise on each: 6 decimals, of less 3 digits."""
    return f"{number:.3g}" if abs(number) < 0.001 else f"{round(number, 6):.12g}"


def recipes(families: tuple[str, ...], seeds: tuple[int, ...], models: dict[str, Predictions]) -> Outputs:
    """Each over its seeds; and their ensembles, where there are several."""
    both = list(product(families, VARIANTS))
    alone = {recipe: [models[model_name(*recipe, seed)] for seed in seeds] for recipe in both}
    ensembles = both if len(seeds) > 1 else []
    return alone | {
        (family, variant + ENSEMBLE): [load_predictions(ensemble_name(family, variant))]
        for family, variant in ensembles
    }


def result(name: str, predictions: Predictions) -> Result:
    history = read_json(history_file(name))
    epochs = history["epochs"]
    return Result(
        **{key: history[key] for key in ("family", "variant", "seed", "parameters", "multiply_adds")},
        metrics=measure(predictions),
        **{key: epochs[-1][key] for key in ("validation_accuracy", "validation_loss")},
        bytes=model_file(name).stat().st_size,
        epochs=len(epochs),
        training_tflop=flops.tera(flops.training_operations(history["multiply_adds"], history["images"], len(epochs))),
    )


def objectives(families: tuple[str, ...], seeds: tuple[int, ...]) -> dict[str, float]:
    """Of each family's tuned models, on validation images."""
    criterion = parameter(Objective, "tune.objective")
    return {
        each: objective.mean_score([model_name(each, "tuned", seed) for seed in seeds], criterion) for each in families
    }


def winner(results: dict[str, Result], models: dict[str, Predictions], found: Comparison) -> Winner:
    criterion = parameter(Objective, "tune.objective")
    name = objective.best_model(results, criterion)
    mine = results[name]
    return Winner(
        result=mine,
        row=next(row for row in found.rows if (row.family, row.variant) == (mine.family, mine.variant)),
        n_searches=found.searches,
        history=read_json(history_file(name)),
        predictions=models[name],
        data=read_json(REPORTS / "data.json"),
        source=parameter(Source, "data.source"),
        objective=criterion,
    )


if __name__ == "__main__":
    run(main)
