"""What the page offers: the best baseline and the best tuned model of each family, with what is known of them."""

import csv
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from digits import classifier, predictions
from digits.about import About
from digits.classifier import Ask, best
from digits.files import read_array, read_json
from digits.merit import worth
from digits.names import PREDICTIONS, REPORTS, VARIANTS, history_file

SHOWN = 24  # test images on which a baseline and a tuned model differ


@dataclass(frozen=True)
class Offer:
    name: str  # cnn-tuned
    model: str  # cnn-tuned-3
    about: About
    ask: Ask
    card: dict[str, Any]


def load(families: tuple[str, ...]) -> list[Offer]:
    results = comparison()
    return [offer(family, variant, results) for family in families for variant in VARIANTS]


def offer(family: str, variant: str, results: dict[str, dict[str, str]]) -> Offer:
    name = f"{family}-{variant}"
    model = best(name)
    found = classifier.find(model)
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
    return Offer(name, model, found.about, found.load(), card)


def first_shown(offers: list[Offer]) -> list[str]:
    """Both of the family that has the best of all."""
    family = max(offers, key=lambda each: worth(each.model)).card["family"]
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


def disagreements(offers: list[Offer], family: str) -> dict[str, Any]:
    """Those first on which the tuned model is right."""
    pair = [each for each in offers if each.card["family"] == family]
    files = [PREDICTIONS / f"{each.model}.npy" for each in pair]
    if not all(path.exists() for path in files):
        return {"family": family, "total": 0, "images": []}
    baseline, tuned = (predictions.of_model(each.model).argmax(axis=1) for each in pair)
    labels, images, classes = predictions.labels(), read_array(PREDICTIONS / "images.npy"), pair[0].about.classes
    differ = np.flatnonzero(baseline != tuned)
    order = differ[np.argsort(tuned[differ] != labels[differ], kind="stable")]
    shown = [
        Disagreement(
            int(at), *(classes[answers[at]] for answers in (labels, baseline, tuned)), pixels=plain(images[at])
        )
        for at in order[:SHOWN]
    ]
    return {"family": family, "total": len(differ), "images": [asdict(each) for each in shown]}


def plain(image: np.ndarray) -> list[Any]:
    """Rows of grey values, or of red, green and blue."""
    return (image[..., 0] if image.shape[2] == 1 else image).tolist()
