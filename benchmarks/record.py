"""A long run, in search of better models, as a DVC experiment; its result goes to reports/record/.

`make record`: benchmarks/record.yaml says where it differs from params.yaml. Stopped halfway, it goes on when run
again: what was trained is in DVC's cache, what was trained in part in .checkpoints/.
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

from benchmarks.run import machine
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
from digits.report.tables import cell, table

OVERLAY, RESULT, NAME = Path("benchmarks/record.yaml"), REPORTS / "record", "record"
KEPT = ("reports/comparison.md", "reports/comparison.csv", "reports/models.csv", "reports/metrics.json", "params.yaml")
USED = ("params.yaml", "models", "data/predictions", "reports/models.csv")
SHIFTS = 9  # up to a pixel up or down, left or right
SHOWN = [metric for metric in METRICS if not metric.needs_corrupted]


def main() -> None:
    subprocess.run(["dvc", "exp", "remove", "--quiet", NAME], capture_output=True, check=False)
    changes = (word for change in settings(YAML(typ="safe").load(OVERLAY)) for word in ("-S", change))
    if subprocess.run(["dvc", "exp", "run", "--temp", "--name", NAME, *changes], check=False).returncode:
        raise UserError("the run did not come to its end; `make record` goes on where it stopped")
    revision = git("for-each-ref", "--format=%(refname)", f"refs/exps/**/{NAME}")
    for file in map(Path, KEPT):
        write_text(RESULT / file.name, git("show", f"{revision}:{file}") + "\n")
    text = about(git("rev-parse", "--short", f"{revision}~1"), averaged_over_shifts(revision))
    write_text(RESULT / "README.md", text)
    print(text)


def settings(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """As DVC takes them, whether the key is there already or not."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from settings(value, f"{above}{key}.")
        else:
            yield f"++{above}{key}={str(value).replace(' ', '')}"


def averaged_over_shifts(revision: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for name in USED:
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            get = ["dvc", "get", "--quiet", "--rev", revision, "--out", str(file), ".", name]
            subprocess.run(get, check=True)
        with chdir(folder):
            return shifts_table()


def shifts_table() -> str:
    """Of the project in the current folder."""
    runtime.start(parameter(Runtime, "runtime"))
    models = pd.read_csv(REPORTS / "models.csv").query("variant == 'tuned'")
    head = f"Mean of {SHIFTS} shifts", *(metric.heading for metric in SHOWN), "Multiply-adds"
    rows = [row for family, seeds in models.groupby("family", sort=False) for row in of_family(family, seeds)]
    return table(head, "l" + "r" * (len(head) - 1), rows)


def of_family(family: str, models: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    from digits.models.keras_file import load_predictor

    images, labels = read_array(PREDICTIONS / "images.npy"), load_labels()
    names = [model_name(family, "tuned", seed) for seed in models["seed"]]
    outputs = [Predictions(averaged(load_predictor(model_file(name)), images), labels) for name in names]
    cost = SHIFTS * models["multiply_adds"]
    yield row(f"{family} tuned", outputs, cost.mean())
    if len(outputs) > 1:
        yield row(f"{family} tuned ensemble", [average(outputs)], cost.sum())


def averaged(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.mean([predict(each) for each in shifted(images)], axis=0)


def shifted(images: np.ndarray) -> Iterator[np.ndarray]:
    """Edge pixels continue outwards, as when training augments."""
    height, width = images.shape[1:3]
    wider = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for down, right in product(range(3), repeat=2):
        yield wider[:, down : down + height, right : right + width]


def row(name: str, outputs: Sequence[Predictions], cost: float) -> tuple[str, ...]:
    cells = (cell(metric, Spread.from_values([metric.mean(output) for output in outputs])) for metric in SHOWN)
    return name, *cells, f"{cost:,.0f}"


def about(commit: str, over_shifts: str) -> str:
    results = extract_overview((RESULT / "comparison.md").read_text(encoding="utf-8"))
    return f"""# The record

More epochs and larger networks: `make record` on commit {commit}, with {OVERLAY} over params.yaml
(together they are params.yaml here). Recipes were chosen on validation images, as ever.

{results.strip()}

The tuned models again, each test image shown nine times, shifted by up to a pixel, and the answers averaged:

{over_shifts}

One run. Machine: {machine()}.
"""


if __name__ == "__main__":
    with one_line_errors(NAME):
        main()
