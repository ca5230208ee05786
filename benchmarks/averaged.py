"""What the tuned models make of nine shifted copies of each test image, averaged

Up to a pixel up or down, left or right: nine times the work, and no more training. The table is of the project in the
current folder: `python -m benchmarks.averaged`.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from digits.common.files import read_array
from digits.common.paths import PREDICTIONS, REPORTS, model_file, model_name
from digits.comparison.comparison import Spread
from digits.comparison.tables import cell, table
from digits.evaluation.metrics import METRICS, Output, ensemble, true_labels
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Runtime

SHIFTS = 9
SHOWN = [metric for metric in METRICS if not metric.needs_corrupted]


def results() -> str:
    runtime.start(parameter(Runtime, "runtime"))
    models = pd.read_csv(REPORTS / "models.csv").query("variant == 'tuned'")
    head = f"Mean of {SHIFTS} shifts", *(metric.heading for metric in SHOWN), "Multiply-adds"
    rows = [row for family, seeds in models.groupby("family", sort=False) for row in of_family(family, seeds)]
    return table(head, "l" + "r" * (len(head) - 1), rows)


def of_family(family: str, models: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    from digits.models.keras_file import load_predictor

    images, truth = read_array(PREDICTIONS / "images.npy"), true_labels()
    names = [model_name(family, "tuned", seed) for seed in models["seed"]]
    outputs = [Output(averaged(load_predictor(model_file(name)), images), truth) for name in names]
    cost = SHIFTS * models["multiply_adds"]
    yield row(f"{family} tuned", outputs, cost.mean())
    if len(outputs) > 1:
        yield row(f"{family} tuned ensemble", [ensemble(outputs)], cost.sum())


def averaged(predict: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    return np.mean([predict(each) for each in shifted(images)], axis=0)


def shifted(images: np.ndarray) -> Iterator[np.ndarray]:
    """Edge pixels continue outwards, as when training augments."""
    height, width = images.shape[1:3]
    wider = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    for down, right in product(range(3), repeat=2):
        yield wider[:, down : down + height, right : right + width]


def row(name: str, outputs: Sequence[Output], cost: float) -> tuple[str, ...]:
    cells = (cell(metric, Spread.of([metric.of(output) for output in outputs])) for metric in SHOWN)
    return name, *cells, f"{cost:,.0f}"


if __name__ == "__main__":
    print(results())
