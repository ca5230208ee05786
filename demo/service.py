"""What the API answers, without HTTP: about the models of the page, the best baseline and the best tuned one of each
family; what they make of an image; and on which test images they differ."""

import csv
from dataclasses import dataclass
from typing import Any

import numpy as np
from werkzeug.exceptions import UnprocessableEntity

from demo import pixels
from digits.comparison.verdict import BETTER, WORSE
from digits.config.load import parameter
from digits.config.schema import Objective
from digits.core.files import read_array, read_json
from digits.core.paths import PREDICTIONS, REPORTS, VARIANTS, history_file
from digits.evaluation import objective
from digits.export.metadata import Metadata
from digits.serving import predictor
from digits.serving.predictor import PredictFunction
from digits.tracking import ui

REPORTED = {"Comparison": "comparison.md", "Model card": "model_card.md", "Metrics": "metrics.json"}
MOST_SHOWN = 24  # test images on which a baseline and a tuned model differ


@dataclass(frozen=True)
class ServedModel:
    model: str  # cnn-tuned-3
    metadata: Metadata
    predict: PredictFunction
    card: dict[str, Any]  # as the page shows it


class Service:
    def __init__(self, families: tuple[str, ...]) -> None:
        results = comparison()
        served = [served_model(family, variant, results) for family in families for variant in VARIANTS]
        self.served = {each.card["name"]: each for each in served}
        self.families = sorted(families)
        best = objective.best_model((each.model for each in served), parameter(Objective, "tune.objective"))
        self.default_family = next(each.card["family"] for each in served if each.model == best)
        self.classes, self.preprocessing = served[0].metadata.classes, served[0].metadata.preprocessing

    def models(self, here: bool) -> dict[str, Any]:
        """`here`: for a browser on this machine."""
        reports = {title: name for title, name in REPORTED.items() if (REPORTS / name).exists()}
        return {
            "classes": self.classes,
            "shape": self.preprocessing.shape,
            "models": [each.card for each in self.served.values()],
            "default": self.names(None),
            "reports": [{"title": title, "href": f"/reports/{name}"} for title, name in reports.items()],
            "mlflow": ui.address(here),
        }

    def names(self, wanted: str | None) -> list[str]:
        """Of the models that a request names, with commas between them."""
        if wanted is None:
            return [f"{self.default_family}-{variant}" for variant in VARIANTS]
        if unknown := [name for name in wanted.split(",") if name not in self.served]:
            raise UnprocessableEntity(f"models holds {unknown[0]!r:.40}; there are {', '.join(self.served)}")
        return list(dict.fromkeys(wanted.split(",")))

    def predict(self, image: np.ndarray, names: list[str]) -> dict[str, Any]:
        predictions = [self.prediction(name, image) for name in names]
        agree = len({prediction["class"] for prediction in predictions}) == 1
        return {"input": pixels.rows(image), "agree": agree, "answers": predictions}

    def prediction(self, name: str, image: np.ndarray) -> dict[str, Any]:
        [probabilities] = self.served[name].predict(image[np.newaxis])
        first, rounded = predictor.answer(probabilities)
        return {"model": name, "class": self.classes[first], "probability": rounded[first], "probabilities": rounded}

    def disagreements(self, family: str | None) -> dict[str, Any]:
        family = self.default_family if family is None else family
        if family not in self.families:
            raise UnprocessableEntity(f"family is {family!r:.40}; there are {', '.join(self.families)}")
        pair = {variant: self.served[f"{family}-{variant}"].model for variant in VARIANTS}
        return {"family": family} | disagreements(pair, self.classes)


def served_model(family: str, variant: str, results: dict[str, dict[str, str]]) -> ServedModel:
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
    return ServedModel(model, found.metadata, found.load(), card)


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
    found = [value for column, value in result.items() if column.endswith("_verdict") and value]
    if not found:
        return None
    said = f"{BETTER} on {found.count(BETTER)} of {len(found)} axes"
    return f"{said}, {WORSE} on {found.count(WORSE)}" if WORSE in found else said


def disagreements(pair: dict[str, str], classes: tuple[str, ...]) -> dict[str, Any]:
    """On which test images two models differ, the first of them with both answers, and how often which one is right."""
    files = {name: PREDICTIONS / f"{name}.npy" for name in ("images", "labels", *pair.values())}
    if not all(file.exists() for file in files.values()):
        return {"right": {}, "images": []}
    images, labels = read_array(files["images"]), read_array(files["labels"])
    predicted = {variant: read_array(files[model]).argmax(axis=1) for variant, model in pair.items()}
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
    return {"right": right | {"neither": len(differ) - sum(right.values())}, "images": shown}
