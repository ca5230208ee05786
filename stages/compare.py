"""Set baseline and tuned side by side: for people, for spreadsheets, for `dvc metrics`, and in the README."""

from dataclasses import asdict
from itertools import product

import numpy as np
import pandas as pd

from digits import cost, predictions, readme
from digits.comparison import Ensembles, Result, compare, markdown, metrics, percent
from digits.entry import run
from digits.files import read_json, write_json, write_text
from digits.names import REPORTS, VARIANTS, history_file, model_name, model_names, search_file
from digits.params.base import parameter
from digits.params.subjects import Families, Seeds


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    truth = predictions.labels()
    results = [result(name, truth) for name in model_names(families, seeds)]
    rows = compare(results, ensembles(families, seeds, truth) if len(seeds) > 1 else {})
    table = markdown(rows, len(truth))
    searches = [cost.search(read_json(search_file(family))) for family in families]
    parts = {
        "# Baseline against tuned": table,
        "## What tuning cost": cost.markdown(searches, rows),
        "## What it chose": "\n".join(map(cost.recipes, searches)),
    }
    write_text(REPORTS / "comparison.md", "\n".join(f"{title}\n\n{part}" for title, part in parts.items()))
    write_text(REPORTS / "comparison.csv", pd.json_normalize(list(map(asdict, rows)), sep="_").to_csv(index=False))
    write_text(REPORTS / "models.csv", pd.DataFrame(results).to_csv(index=False))
    write_json(REPORTS / "metrics.json", metrics(rows))
    readme.write_results(table)
    tuned = [row for row in rows if row.variant == "tuned"]
    gains = ", ".join(f"{row.family} {percent(row.gain, '+')} points" for row in tuned)
    return f"{REPORTS}/comparison.md: tuned over baseline: {gains}"


def result(name: str, truth: np.ndarray) -> Result:
    history = read_json(history_file(name))
    score = predictions.score(predictions.of_model(name), truth)
    return Result(
        **{key: history[key] for key in ("family", "variant", "seed", "parameters", "multiply_adds")},
        test_accuracy=score.accuracy,
        test_loss=score.loss,
        validation_accuracy=history["epochs"][-1]["validation_accuracy"],
        epochs=len(history["epochs"]),
        training_tflop=cost.tflop(history["multiply_adds"], history["images"], len(history["epochs"])),
    )


def ensembles(families: tuple[str, ...], seeds: tuple[int, ...], truth: np.ndarray) -> Ensembles:
    scores = {}
    for family, variant in product(families, VARIANTS):
        answers = [predictions.of_model(model_name(family, variant, seed)) for seed in seeds]
        scores[family, variant] = predictions.score(np.mean(answers, axis=0, dtype=np.float64), truth)
    return scores


if __name__ == "__main__":
    run(main)
