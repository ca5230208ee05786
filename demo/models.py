"""The models of the page, the best baseline and the best tuned one of each family, with what is known of them."""

import csv
from dataclasses import dataclass
from typing import Any

import numpy as np

from demo import pixels
from digits.common.files import read_array, read_json
from digits.common.paths import PREDICTIONS, REPORTS, VARIANTS, history_file
from digits.comparison.verdict import BETTER, WORSE
from digits.evaluation import objective
from digits.export.metadata import Metadata
from digits.inference import predictor
from digits.inference.predictor import Predictor
from digits.params.load import parameter
from digits.params.schema import Objective

MOST_SHOWN = 24  # test images on which a baseline and a tuned model differ


@dataclass(frozen=True)
class ServedModel:
    name: str  # cnn-tuned
    model: str  # cnn-tuned-3
    metadata: Metadata
    predict: Predictor
    card: dict[str, Any]  # as the page shows it

    @property
    def family(self) -> str:
        return self.card["family"]


def load(families: tuple[str, ...]) -> list[ServedModel]:
    results = comparison()
    return [served(family, variant, results) for family in families for variant in VARIANTS]


def served(family: str, variant: str, results: dict[str, dict[str, str]]) -> ServedModel:
    name = f"{family}-{variant}"
    model = predictor.best(name)
    found = predictor.find(model)
    history, result = read_json(history_file(model)), results.get(name, {})
    card = {
        "name": name,
        "family": family,
        "variant": variant,
        "seed": history["seed"],
        "parameters": history["parameters"],
        "multiply_adds": history["multiply_adds"],
        "test_accuracy": number(result, "accuracy_mean"),
        "test_accuracy_sd": number(result, "accuracy_sd"),
        "low": number(result, "accuracy_low"),
        "high": number(result, "accuracy_high"),
        "verdict": verdict(result),
    }
    return ServedModel(name, model, found.metadata, found.load(), card)


def best_family(served: list[ServedModel]) -> str:
    best = objective.best((each.model for each in served), parameter(Objective, "tune.objective"))
    return next(each.family for each in served if each.model == best)


def comparison() -> dict[str, dict[str, str]]:
    path = REPORTS / "comparison.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['family']}-{row['variant']}": row for row in csv.DictReader(file)}


def number(result: dict[str, str], column: str) -> float | None:
    return float(result[column]) if result.get(column) else None


def verdict(result: dict[str, str]) -> str | None:
    """Over the baseline, metric by metric."""
    found = [value for column, value in result.items() if column.endswith("verdict_verdict") and value]
    if not found:
        return None
    said = f"{BETTER} on {found.count(BETTER)} of {len(found)} axes"
    return f"{said}, {WORSE} on {found.count(WORSE)}" if WORSE in found else said


def disagreements(served: list[ServedModel], family: str) -> dict[str, Any]:
    """On how many test images a family's two models differ, which of them is right how often, and the first of them."""
    pair = {each.card["variant"]: each for each in served if each.family == family}
    files = {variant: PREDICTIONS / f"{each.model}.npy" for variant, each in pair.items()}
    shown_to_all = PREDICTIONS / "images.npy", PREDICTIONS / "labels.npy"
    if not all(file.exists() for file in (*files.values(), *shown_to_all)):
        return {"family": family, "right": {}, "images": []}
    predicted = {variant: read_array(file).argmax(axis=1) for variant, file in files.items()}
    images, labels = map(read_array, shown_to_all)
    classes = pair["tuned"].metadata.classes
    differ = np.flatnonzero(predicted["baseline"] != predicted["tuned"])
    right = {variant: int((found == labels)[differ].sum()) for variant, found in predicted.items()}
    shown = [
        {
            "index": int(at),
            "label": classes[labels[at]],
            **{variant: classes[found[at]] for variant, found in predicted.items()},
            "pixels": pixels.rows(images[at]),
        }
        for at in differ[:MOST_SHOWN]
    ]
    return {"family": family, "right": right | {"neither": len(differ) - sum(right.values())}, "images": shown}
