"""Set baseline and tuned side by side: for people, for spreadsheets, for `dvc metrics`, and in the README."""

import numpy as np
import pandas as pd

from digits.common.cli import run
from digits.common.files import read_json, write_json, write_text
from digits.common.paths import REPORTS, VARIANTS, history_file, model_file, model_name, model_names, search_file
from digits.comparison import model_card, readme, tables
from digits.comparison.comparison import Comparison, Result, columns, compare, metrics_tree
from digits.comparison.model_card import Winner
from digits.evaluation import flops, robustness
from digits.evaluation.metrics import measure, predictions, true_labels
from digits.evaluation.objective import best
from digits.params.load import parameter
from digits.params.schema import Families, Objective, Seeds, Source


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    truth = true_labels()
    results = {name: result(name, truth) for name in model_names(families, seeds)}
    stacked = {
        (family, variant): np.stack([predictions(model_name(family, variant, seed)) for seed in seeds])
        for family in families
        for variant in VARIANTS
    }
    found = compare([*results.values()], stacked, truth)
    table, searches = tables.results(found), [tables.search_cost(read_json(search_file(each))) for each in families]
    parts = {
        "# Baseline against tuned": table,
        "## What may be said": tables.verdicts(found),
        "## What tuning cost": tables.costs(searches, found.rows),
        "## What it chose": "\n".join(map(tables.recipes, searches)),
    }
    write_text(REPORTS / "comparison.md", "\n".join(f"{title}\n\n{part}" for title, part in parts.items()))
    rows = pd.json_normalize([*map(columns, found.rows)], sep="_")
    write_text(REPORTS / "comparison.csv", rows.to_csv(index=False, float_format="%.8g"))
    write_text(REPORTS / "models.csv", pd.DataFrame(map(columns, results.values())).to_csv(index=False))
    write_json(REPORTS / "metrics.json", metrics_tree(found.rows))
    write_text(REPORTS / "model_card.md", model_card.markdown(winner(results, found, truth)))
    readme.write_results(table)
    return f"{REPORTS}/comparison.md: {tables.summary(found.rows)}"


def result(name: str, truth: np.ndarray) -> Result:
    history = read_json(history_file(name))
    epochs = history["epochs"]
    return Result(
        **{key: history[key] for key in ("family", "variant", "seed", "parameters", "multiply_adds")},
        metrics=measure(predictions(name), truth),
        **{key: epochs[-1][key] for key in ("validation_accuracy", "validation_loss")},
        bytes=model_file(name).stat().st_size,
        epochs=len(epochs),
        training_tflop=flops.tera(flops.of_training(history["multiply_adds"], history["images"], len(epochs))),
    )


def winner(results: dict[str, Result], found: Comparison, truth: np.ndarray) -> Winner:
    name = best(results, parameter(Objective, "tune.objective"))
    mine = results[name]
    return Winner(
        result=mine,
        row=next(row for row in found.rows if (row.family, row.variant) == (mine.family, mine.variant)),
        history=read_json(history_file(name)),
        probabilities=predictions(name),
        truth=truth,
        data=read_json(REPORTS / "data.json"),
        source=parameter(Source, "data.source"),
        robustness=read_json(robustness.FILE),
    )


if __name__ == "__main__":
    run(main)
