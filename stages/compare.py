"""Set baseline and tuned side by side: for people, for spreadsheets, for `dvc metrics`, and in the README."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from digits.common.cli import run
from digits.common.files import read_json, write_json, write_text
from digits.common.paths import REPORTS, VARIANTS, history_file, model_file, model_name, model_names, search_file
from digits.comparison import cost, model_card, readme, tables
from digits.comparison.comparison import Answers, Comparison, Result, compare, metrics
from digits.comparison.model_card import Subject
from digits.evaluation import calibration, predictions, robustness
from digits.params.load import parameter
from digits.params.schema import Families, Seeds, Source


def main() -> str:
    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    truth = predictions.labels()
    results = [result(name, truth) for name in model_names(families, seeds)]
    found = compare(results, answers(families, seeds), truth)
    table, searches = tables.results(found), [cost.search(read_json(search_file(family))) for family in families]
    parts = {
        "# Baseline against tuned": table,
        "## What may be said": tables.verdicts(found),
        "## What tuning cost": cost.markdown(searches, found.rows),
        "## What it chose": "\n".join(map(cost.recipes, searches)),
    }
    write_text(REPORTS / "comparison.md", "\n".join(f"{title}\n\n{part}" for title, part in parts.items()))
    rows = pd.json_normalize(list(map(asdict, found.rows)), sep="_")
    write_text(REPORTS / "comparison.csv", rows.to_csv(index=False, float_format="%.8g"))
    write_text(REPORTS / "models.csv", pd.DataFrame(results).to_csv(index=False))
    write_json(REPORTS / "metrics.json", metrics(found.rows))
    write_text(REPORTS / "model_card.md", model_card.markdown(subject(model_card.winner(results), found, truth)))
    readme.write_results(table)
    return f"{REPORTS}/comparison.md: {tables.summary(found.rows)}"


def result(name: str, truth: np.ndarray) -> Result:
    history, probabilities = read_json(history_file(name)), predictions.of_model(name)
    score = predictions.score(probabilities, truth)
    return Result(
        **{key: history[key] for key in ("family", "variant", "seed", "parameters", "multiply_adds")},
        test_accuracy=score.accuracy,
        test_loss=score.loss,
        calibration_error=calibration.error(probabilities, truth),
        **{key: history["epochs"][-1][key] for key in ("validation_accuracy", "validation_loss")},
        bytes=model_file(name).stat().st_size,
        epochs=len(history["epochs"]),
        training_tflop=cost.tflop(history["multiply_adds"], history["images"], len(history["epochs"])),
    )


def subject(winner: Result, found: Comparison, truth: np.ndarray) -> Subject:
    name = model_name(winner.family, winner.variant, winner.seed)
    return Subject(
        result=winner,
        row=next(row for row in found.rows if (row.family, row.variant) == (winner.family, winner.variant)),
        history=read_json(history_file(name)),
        answers=predictions.of_model(name),
        truth=truth,
        data=read_json(REPORTS / "data.json"),
        source=parameter(Source, "data.source"),
        robustness=read_json(robustness.FILE),
    )


def answers(families: tuple[str, ...], seeds: tuple[int, ...]) -> Answers:
    return {
        (family, variant): np.stack([predictions.of_model(model_name(family, variant, seed)) for seed in seeds])
        for family in families
        for variant in VARIANTS
    }


if __name__ == "__main__":
    run(main)
