"""A long run that aims for better models, as a DVC experiment; its results go to reports/record/.

`make record` runs it with benchmarks/record.yaml, which lists the differences from params.yaml. An interrupted run
resumes when it is run again: DVC's cache has what was trained, and .checkpoints/ what was trained in part.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from benchmarks.run import describe_machine
from digits.comparison.comparison import Spread
from digits.config.load import parameter
from digits.config.schema import Runtime
from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import read_array, write_text
from digits.core.git import git
from digits.core.paths import PREDICTIONS, REPORTS, model_file, model_name
from digits.evaluation.metrics import METRICS, Predictions, average, load_labels
from digits.models import runtime
from digits.report.readme import extract_overview
from digits.report.tables import format_mean, table

NAME, OVERLAY, FOLDER = "record", Path("benchmarks/record.yaml"), REPORTS / "record"
COPIED = (
    "reports/comparison.md",
    "reports/comparison.csv",
    "reports/models.csv",
    "reports/metrics.json",
    "params.yaml",
)
INPUTS = ("params.yaml", "models", "data/predictions", "reports/models.csv")
N_SHIFTS = 9  # up to a pixel up or down, left or right
SHOWN_METRICS = [metric for metric in METRICS if not metric.needs_corrupted]


def main() -> None:
    subprocess.run(["dvc", "exp", "remove", "--quiet", NAME], capture_output=True, check=False)
    changes = (word for change in dvc_overrides(YAML(typ="safe").load(OVERLAY)) for word in ("-S", change))
    if subprocess.run(["dvc", "exp", "run", "--temp", "--name", NAME, *changes], check=False).returncode:
        raise UserError("the run did not finish; run `make record` again, and it resumes where it stopped")
    revision = git("for-each-ref", "--format=%(refname)", f"refs/exps/**/{NAME}")
    for file in map(Path, COPIED):
        write_text(FOLDER / file.name, git("show", f"{revision}:{file}") + "\n")
    text = format_readme(git("rev-parse", "--short", f"{revision}~1"), evaluate_shifts(revision))
    write_text(FOLDER / "README.md", text)
    print(text)


def dvc_overrides(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Return values of `dvc exp run --set-param`; with `++`, the key may exist or not."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from dvc_overrides(value, f"{prefix}{key}.")
        else:
            yield f"++{prefix}{key}={str(value).replace(' ', '')}"


def evaluate_shifts(revision: str) -> str:
    """Return the table of the revision's tuned models with predictions averaged over shifts."""
    with tempfile.TemporaryDirectory() as folder:
        for name in INPUTS:
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            command = ["dvc", "get", "--quiet", "--rev", revision, "--out", str(file), ".", name]
            subprocess.run(command, check=True)
        with chdir(folder):
            return shifts_table()


def shifts_table() -> str:
    """Return the table for the project in the current folder."""
    runtime.start(parameter(Runtime, "runtime"))
    models = pd.read_csv(REPORTS / "models.csv").query("variant == 'tuned'")
    head = f"Mean of {N_SHIFTS} shifts", *(metric.heading for metric in SHOWN_METRICS), "Multiply-adds"
    rows = [row for family, group in models.groupby("family", sort=False) for row in family_rows(family, group)]
    return table(head, "l" + "r" * (len(head) - 1), rows)


def family_rows(family: str, models: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    from digits.models.keras_file import load_predictor

    images, labels = read_array(PREDICTIONS / "images.npy"), load_labels()
    files = [model_file(model_name(family, "tuned", seed)) for seed in models["seed"]]
    predictions = [Predictions(average_over_shifts(load_predictor(file), images), labels) for file in files]
    cost = N_SHIFTS * models["multiply_adds"]
    yield format_row(f"{family} tuned", predictions, cost.mean())
    if len(predictions) > 1:
        yield format_row(f"{family} tuned ensemble", [average(predictions)], cost.sum())


def average_over_shifts(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.mean([predict(shifted) for shifted in shift_images(images)], axis=0)


def shift_images(images: np.ndarray) -> Iterator[np.ndarray]:
    """Return all shifts by up to a pixel. Edge pixels are repeated, as in training's augmentation."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for down, right in product(range(3), repeat=2):
        yield padded[:, down : down + height, right : right + width]


def format_row(name: str, models: Sequence[Predictions], cost: float) -> tuple[str, ...]:
    spreads = [
        (metric, Spread.from_values([metric.mean(predictions) for predictions in models])) for metric in SHOWN_METRICS
    ]
    return name, *(format_mean(metric, spread) for metric, spread in spreads), f"{cost:,.0f}"


def format_readme(commit: str, shifts: str) -> str:
    results = extract_overview((FOLDER / "comparison.md").read_text(encoding="utf-8"))
    return f"""# The record

More epochs and larger networks: `make record` on commit {commit}, with {OVERLAY} over params.yaml
(params.yaml in this folder has both). Recipes were chosen on validation images.

{results.strip()}

The tuned models with predictions averaged over nine shifts of each test image, by up to a pixel:

{shifts}

One run. Machine: {describe_machine()}.
"""


if __name__ == "__main__":
    with one_line_errors(NAME):
        main()
