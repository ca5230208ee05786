"""Set baseline and tuned side by side: for people, for spreadsheets, for `dvc metrics`, and in the README."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from digits import predictions, readme
from digits.comparison import Result, compare, markdown, metrics, percent
from digits.entry import run
from digits.files import read_json, write_json, write_text
from digits.names import REPORTS, history_file, model_names
from digits.params.base import parameter
from digits.params.subjects import Families, Seeds


def main() -> str:
    names = model_names(parameter(Families, "families"), parameter(Seeds, "seeds"))
    truth = predictions.labels()
    results = [result(name, truth) for name in names]
    rows = compare(results)
    table = markdown(rows, len(truth))
    write_text(REPORTS / "comparison.md", f"# Baseline against tuned\n\n{table}")
    write_text(REPORTS / "comparison.csv", pd.json_normalize(list(map(asdict, rows)), sep="_").to_csv(index=False))
    write_text(REPORTS / "models.csv", pd.DataFrame(results).to_csv(index=False))
    write_json(REPORTS / "metrics.json", metrics(rows))
    readme.write_results(table)
    gains = ", ".join(f"{row.family} {percent(row.gain, '+')} points" for row in rows if row.gain)
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
    )


if __name__ == "__main__":
    run(main)
