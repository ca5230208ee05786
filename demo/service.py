"""The API's content, without HTTP: the served models, their predictions, and the test images on which they differ.

The best baseline and the best tuned model of each family are served.
"""

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
from digits.serving.predictor import Predictor
from digits.tracking import ui

REPORT_FILES = {"Comparison": "comparison.md", "Model card": "model_card.md", "Metrics": "metrics.json"}
MAX_DISAGREEMENTS = 24  # test images in one response


@dataclass(frozen=True)
class ServedModel:
    model_name: str  # cnn-tuned-3
    metadata: Metadata
    predict: Predictor
    summary: dict[str, Any]  # as in /api/models, where its name is cnn-tuned


class Service:
    def __init__(self, families: tuple[str, ...]) -> None:
        results = load_results()
        models = [load_model(family, variant, results) for family in families for variant in VARIANTS]
        self.models = {model.summary["name"]: model for model in models}
        self.families = sorted(families)
        best = objective.best_model((model.model_name for model in models), parameter(Objective, "tune.objective"))
        self.default_family = next(model.summary["family"] for model in models if model.model_name == best)
        self.classes, self.preprocessing = models[0].metadata.classes, models[0].metadata.preprocessing

    def describe_models(self, is_local: bool) -> dict[str, Any]:
        """Return the content of /api/models; MLflow's address depends on whether the browser is on this machine."""
        reports = {title: name for title, name in REPORT_FILES.items() if (REPORTS / name).exists()}
        return {
            "classes": self.classes,
            "shape": self.preprocessing.shape,
            "models": [model.summary for model in self.models.values()],
            "default": self.parse_names(None),
            "reports": [{"title": title, "href": f"/reports/{name}"} for title, name in reports.items()],
            "mlflow": ui.address(is_local),
        }

    def parse_names(self, text: str | None) -> list[str]:
        """Return the names in a comma-separated list, each once; by default, both models of the best family."""
        if text is None:
            return [f"{self.default_family}-{variant}" for variant in VARIANTS]
        names = list(dict.fromkeys(text.split(",")))
        if unknown := [name for name in names if name not in self.models]:
            raise UnprocessableEntity(f"Unknown model {unknown[0]!r:.40}. Available models: {', '.join(self.models)}.")
        return names

    def predict(self, image: np.ndarray, names: list[str]) -> dict[str, Any]:
        predictions = [self.predict_with(name, image) for name in names]
        agree = len({prediction["class"] for prediction in predictions}) == 1
        return {"input": pixels.to_rows(image), "agree": agree, "answers": predictions}

    def predict_with(self, name: str, image: np.ndarray) -> dict[str, Any]:
        [probabilities] = self.models[name].predict(image[np.newaxis])
        top, rounded = predictor.top_class_and_probabilities(probabilities)
        return {"model": name, "class": self.classes[top], "probability": rounded[top], "probabilities": rounded}

    def disagreements(self, family: str | None) -> dict[str, Any]:
        family = self.default_family if family is None else family
        if family not in self.families:
            raise UnprocessableEntity(f"Unknown family {family!r:.40}. Available families: {', '.join(self.families)}.")
        model_names = {variant: self.models[f"{family}-{variant}"].model_name for variant in VARIANTS}
        return {"family": family} | find_disagreements(model_names, self.classes)


def load_model(family: str, variant: str, results: dict[str, dict[str, str]]) -> ServedModel:
    name = f"{family}-{variant}"
    model_name = predictor.resolve_name(name)
    source = predictor.find(model_name)
    history, result = read_json(history_file(model_name)), results.get(name, {})
    summary = {
        "name": name,
        "family": family,
        "variant": variant,
        "seed": history["seed"],
        "parameters": history["parameters"],
        "multiply_adds": history["multiply_adds"],
        "test_accuracy": number(result, "accuracy_mean"),
        "test_accuracy_sd": number(result, "accuracy_sd"),
        "low": number(result, "accuracy_low"),  # of the 95 % interval of the accuracy
        "high": number(result, "accuracy_high"),
        "verdict": verdict(result),
    }
    return ServedModel(model_name, source.metadata, source.load(), summary)


def load_results() -> dict[str, dict[str, str]]:
    path = REPORTS / "comparison.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['family']}-{row['variant']}": row for row in csv.DictReader(file)}


def number(result: dict[str, str], column: str) -> float | None:
    return float(result[column]) if result.get(column) else None


def verdict(result: dict[str, str]) -> str | None:
    """Return the number of metrics on which the model is better or worse than its baseline, as text."""
    verdicts = [value for column, value in result.items() if column.endswith("_verdict") and value]
    if not verdicts:
        return None
    text = f"{BETTER} on {verdicts.count(BETTER)} of {len(verdicts)} metrics"
    return f"{text}, {WORSE} on {verdicts.count(WORSE)}" if WORSE in verdicts else text


def find_disagreements(model_names: dict[str, str], classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the first test images on which the baseline and the tuned model differ, and which of them is right."""
    files = {name: PREDICTIONS / f"{name}.npy" for name in ("images", "labels", *model_names.values())}
    if not all(file.exists() for file in files.values()):
        return {"right": {}, "images": []}
    images, labels = read_array(files["images"]), read_array(files["labels"])
    predicted = {variant: read_array(files[name]).argmax(axis=1) for variant, name in model_names.items()}
    indices = np.flatnonzero(predicted["baseline"] != predicted["tuned"])
    n_right = {variant: int((predicted[variant] == labels)[indices].sum()) for variant in predicted}
    examples = [
        {
            "index": int(index),
            "label": classes[labels[index]],
            **{variant: classes[predicted[variant][index]] for variant in predicted},
            "pixels": pixels.to_rows(images[index]),
        }
        for index in indices[:MAX_DISAGREEMENTS]
    ]
    return {"right": n_right | {"neither": len(indices) - sum(n_right.values())}, "images": examples}
