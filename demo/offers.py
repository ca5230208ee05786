"""What the page offers: the best baseline and the best tuned model of each family, with what is known of them."""

import csv
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from digits.common.files import read_array, read_json
from digits.common.paths import PREDICTIONS, REPORTS, VARIANTS, history_file
from digits.evaluation import selection
from digits.evaluation.metrics import predictions, true_labels
from digits.export.metadata import Metadata
from digits.inference import predictor
from digits.inference.predictor import Predictor, best

SHOWN = 24  # test images on which a baseline and a tuned model differ


@dataclass(frozen=True)
class ServedModel:
    name: str  # cnn-tuned
    model: str  # cnn-tuned-3
    about: Metadata
    ask: Predictor
    card: dict[str, Any]


def load(families: tuple[str, ...]) -> list[ServedModel]:
    results = comparison()
    return [offer(family, variant, results) for family in families for variant in VARIANTS]


def offer(family: str, variant: str, results: dict[str, dict[str, str]]) -> ServedModel:
    name = f"{family}-{variant}"
    model = best(name)
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
    return ServedModel(name, model, found.about, found.load(), card)


def first_shown(offers: list[ServedModel]) -> list[str]:
    """Both of the family that has the best of all."""
    winner = selection.best([each.model for each in offers])
    [family] = [each.card["family"] for each in offers if each.model == winner]
    return [each.name for each in offers if each.card["family"] == family]


def comparison() -> dict[str, dict[str, str]]:
    path = REPORTS / "comparison.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {f"{row['family']}-{row['variant']}": row for row in csv.DictReader(file)}


def number(result: dict[str, str], column: str) -> float | None:
    return float(result[column]) if result.get(column) else None


def verdict(result: dict[str, str]) -> str | None:
    if not result.get("verdict_verdict"):
        return None
    gain, low, high = (100 * float(result[f"verdict_{what}"]) for what in ("difference", "low", "high"))
    return f"{result['verdict_verdict']}: {gain:+.2f} [{low:+.2f}, {high:+.2f}] points"


@dataclass(frozen=True)
class Disagreement:
    index: int
    label: str
    baseline: str
    tuned: str
    pixels: list[Any]


def disagreements(offers: list[ServedModel], family: str) -> dict[str, Any]:
    """How many there are, who is right how often, and the first of them."""
    pair = {each.card["variant"]: each for each in offers if each.card["family"] == family}
    if not all((PREDICTIONS / f"{each.model}.npy").exists() for each in pair.values()):
        return {"family": family, "right": {}, "images": []}
    answers = {variant: predictions(each.model).argmax(axis=1) for variant, each in pair.items()}
    labels, images, classes = true_labels(), read_array(PREDICTIONS / "images.npy"), pair["tuned"].about.classes
    differ = np.flatnonzero(answers["baseline"] != answers["tuned"])
    right = {variant: int((answer == labels)[differ].sum()) for variant, answer in answers.items()}
    shown = [
        Disagreement(
            int(at),
            label=classes[labels[at]],
            baseline=classes[answers["baseline"][at]],
            tuned=classes[answers["tuned"][at]],
            pixels=plain(images[at]),
        )
        for at in differ[:SHOWN]
    ]
    return {
        "family": family,
        "right": right | {"neither": len(differ) - sum(right.values())},
        "images": [asdict(each) for each in shown],
    }


def plain(image: np.ndarray) -> list[Any]:
    """Rows of grey values, or of red, green and blue."""
    return (image[..., 0] if image.shape[2] == 1 else image).tolist()
