"""Compare baseline and tuned models: reports for people, CSV tables, and the files for `dvc metrics`."""

from collections.abc import Iterable
from itertools import product

import pandas as pd

from digits.comparison.comparison import (
    ENSEMBLE_LABEL,
    Comparison,
    ModelResult,
    PredictionsByVariant,
    VariantResult,
    columns,
    compare,
    metrics_tree,
    summary_tree,
)
from digits.config.load import parameter
from digits.config.schema import Families, Objective, Seeds, Source
from digits.core.cli import run_stage
from digits.core.files import read_json, write_json, write_text
from digits.core.paths import REPORTS, VARIANTS, history_file, model_file, model_name, model_names, search_file
from digits.evaluation import flops, objective
from digits.evaluation.metrics import Predictions, compute_metrics, ensemble_name, load_predictions
from digits.report import costs, model_card, tables
from digits.report.model_card import BestModel


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    models = {name: load_predictions(name) for name in model_names(families, seeds)}
    results = {name: load_result(name, predictions) for name, predictions in models.items()}
    searches = [costs.search_cost(read_json(search_file(family))) for family in families]
    predictions = group_by_variant(families, seeds, models)
    comparison = compare([*results.values()], predictions, n_searches=len(searches[0].best_recipes))
    sections = {
        "# Baseline against tuned": tables.overview(comparison),
        "## All metrics": tables.results(comparison),
        "## Verdicts": tables.verdicts(comparison),
        "## Cost of tuning": costs.cost_table(searches, comparison.rows),
        "## Chosen hyperparameters": "\n".join(map(costs.recipe_table, searches)),
    }
    write_text(REPORTS / "comparison.md", "\n".join(f"{title}\n\n{text}" for title, text in sections.items()))
    write_csv("comparison.csv", comparison.rows)
    write_csv("models.csv", results.values())
    write_json(REPORTS / "metrics.json", metrics_tree(comparison.rows))
    write_json(REPORTS / "summary.json", summary_tree(comparison.rows, mean_scores(families, seeds)))
    write_text(REPORTS / "model_card.md", model_card.markdown(find_best_model(results, models, comparison)))
    return f"{REPORTS}/comparison.md: {tables.summary(comparison.rows)}"


def write_csv(name: str, records: Iterable[ModelResult | VariantResult]) -> None:
    rows = pd.json_normalize([*map(columns, records)], sep="_")
    write_text(REPORTS / name, rows.to_csv(index=False, float_format=format_number))


def format_number(number: float) -> str:
    """Round to 6 decimals, and numbers below 0.001 to 3 digits: later digits of sums differ between processors."""
    return f"{number:.3g}" if abs(number) < 0.001 else f"{round(number, 6):.12g}"


def group_by_variant(
    families: tuple[str, ...], seeds: tuple[int, ...], models: dict[str, Predictions]
) -> PredictionsByVariant:
    """Return the predictions of each variant's models and, with several seeds, of its ensemble."""
    variants = [*product(families, VARIANTS)]
    predictions = {variant: [models[model_name(*variant, seed)] for seed in seeds] for variant in variants}
    if len(seeds) > 1:
        for family, variant in variants:
            predictions[family, variant + ENSEMBLE_LABEL] = [load_predictions(ensemble_name(family, variant))]
    return predictions


def load_result(name: str, predictions: Predictions) -> ModelResult:
    history = read_json(history_file(name))
    epochs = history["epochs"]
    operations = flops.training_operations(history["multiply_adds"], history["images"], len(epochs))
    return ModelResult(
        **{key: history[key] for key in ("family", "variant", "seed", "parameters", "multiply_adds")},
        metrics=compute_metrics(predictions),
        **{key: epochs[-1][key] for key in ("validation_accuracy", "validation_loss")},
        bytes=model_file(name).stat().st_size,
        epochs=len(epochs),
        training_tflop=flops.to_tflop(operations),
    )


def mean_scores(families: tuple[str, ...], seeds: tuple[int, ...]) -> dict[str, float]:
    """Return the mean score of each family's tuned models on validation images."""
    objective_name = parameter(Objective, "tune.objective")
    return {
        family: objective.mean_score([model_name(family, "tuned", seed) for seed in seeds], objective_name)
        for family in families
    }


def find_best_model(
    results: dict[str, ModelResult], models: dict[str, Predictions], comparison: Comparison
) -> BestModel:
    objective_name = parameter(Objective, "tune.objective")
    name = objective.best_model(results, objective_name)
    result = results[name]
    variant = (result.family, result.variant)
    return BestModel(
        model_result=result,
        variant_result=next(row for row in comparison.rows if (row.family, row.variant) == variant),
        n_searches=comparison.n_searches,
        history=read_json(history_file(name)),
        predictions=models[name],
        data_report=read_json(REPORTS / "data.json"),
        source=parameter(Source, "data.source"),
        objective_name=objective_name,
    )


if __name__ == "__main__":
    run_stage(main)
