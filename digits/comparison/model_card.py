"""The model card of the winner: what it is, what it can do, where it fails, and how to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from digits.common.paths import model_file, model_name
from digits.comparison import classwise
from digits.comparison.comparison import Result, Row
from digits.comparison.cost import plain
from digits.comparison.tables import brief
from digits.evaluation import calibration
from digits.evaluation.selection import merit
from digits.figures.data import confusion

LIBRARIES = ("tensorflow", "keras", "keras-tuner", "numpy")
FEW = 5  # pairs of classes that are taken for each other


@dataclass(frozen=True)
class Subject:
    """The winner, and all that is known of it."""

    result: Result
    row: Row  # of its variant, over the seeds
    history: Mapping[str, Any]
    answers: np.ndarray  # probabilities for the test images
    truth: np.ndarray
    data: Mapping[str, Any]  # reports/data.json
    source: str
    robustness: Mapping[str, Any]

    @property
    def name(self) -> str:
        return model_name(self.result.family, self.result.variant, self.result.seed)


def winner(results: Sequence[Result]) -> Result:
    return max(results, key=lambda each: merit(each.validation_accuracy, each.validation_loss))


def markdown(of: Subject) -> str:
    sections = {
        "What it is for": purpose(of),
        "Data": data(of),
        "Training": training(of),
        "Results": results(of),
        "Each class": each_class(of),
        "Harder images": harder(of),
        "How sure it is": sureness(of),
        "Limits": limits(of),
        "How to make it again": again(of),
    }
    title = f"# Model card: {of.result.family} {of.result.variant}, seed {of.result.seed}"
    chosen = "The model with the best validation accuracy of this result; written by `dvc repro`."
    return "\n\n".join((title, chosen, *(f"## {name}\n\n{text}" for name, text in sections.items()), ""))


def purpose(of: Subject) -> str:
    height, width, channels = of.data["shape"]
    kind = f"{height} × {width} pixels, {channels} channel{'s' * (channels > 1)}"
    classes = ", ".join(map(str, of.data["classes"]))
    return (
        f"`{model_file(of.name)}` takes images of {kind}, as they are (0 to 255), and gives a probability for each of "
        f"{len(of.data['classes'])} classes: {classes}. It is for comparing recipes and for trying out, on "
        f"images like those of {of.source}. Not for decisions about people, money or mail, nor for images of another "
        "kind: it answers those, too."
    )


def data(of: Subject) -> str:
    rows = [
        f"| {name} | {split['images']:,} | `{split['sha256'][:16]}…` |" for name, split in of.data["splits"].items()
    ]
    return "\n".join((f"Source: {of.source}.", "", "| Split | Images | SHA-256 |", "|---|---:|---|", *rows))


def training(of: Subject) -> str:
    recipe = ", ".join(f"{name} {plain(value)}" for name, value in of.history["hyperparameters"].items())
    return (
        f"{of.result.epochs} epochs with seed {of.result.seed}, {of.result.training_tflop:.3g} TFLOP; "
        f"{of.result.parameters:,} parameters, {of.result.multiply_adds:,} multiply-adds per image, a file of "
        f"{of.result.bytes / 1e6:.1f} MB. Recipe: {recipe}."
    )


def results(of: Subject) -> str:
    row, mine = of.row, of.result
    judged = f" Over the family's baseline: {brief(row.verdict)} points." if row.verdict else ""
    return (
        f"This model: {mine.test_accuracy:.2%} of {len(of.truth):,} test images, loss {mine.test_loss:.4f}; of the "
        f"validation images {mine.validation_accuracy:.2%}. Its recipe over {len(row.seeds)} seeds: "
        f"{row.accuracy.mean:.2%}, 95 % interval {row.accuracy.low:.2%} to {row.accuracy.high:.2%}.{judged} "
        "All models: [comparison](comparison.md)."
    )


def each_class(of: Subject) -> str:
    names = [str(name) for name in of.data["classes"]]
    counts = confusion(of.truth, [of.answers], len(names))
    rows = [
        f"| {name} | {each.images:,} | {share(each.precision)} | {share(each.recall)} | {share(each.f1)} |"
        for name, each in zip(names, classwise.scores(counts), strict=True)
    ]
    head = ("| Class | Test images | Precision | Recall | F1 |", "|---|---:|---:|---:|---:|")
    return "\n".join((*head, *rows, "", mistakes(counts, names)))


def mistakes(counts: np.ndarray, names: Sequence[str]) -> str:
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:FEW]
    pairs = [(*divmod(int(place), len(names)), int(wrong.flat[place])) for place in order if wrong.flat[place]]
    if not pairs:
        return "No mistake on the test images."
    told = ", ".join(f"{names[actual]} for {names[answer]} ({count})" for actual, answer, count in pairs)
    return f"Most often taken for another: {told}."


def harder(of: Subject) -> str:
    found, name = of.robustness, of.name
    rows = [
        f"| {meanings[-1]} | {' | '.join(f'{100 * value:.1f} %' for value in found['accuracy'][name][kind])} |"
        for kind, meanings in found["grades"].items()
    ]
    grades = len(next(iter(found["grades"].values())))
    head = (
        f"| At the last grade | As it is | {' | '.join(f'Grade {grade}' for grade in range(1, grades))} |",
        f"|---|{'---:|' * grades}",
    )
    return "\n".join((f"Accuracy on {found['images']:,} of the test images:", "", *head, *rows))


def sureness(of: Subject) -> str:
    confidence = float(of.answers.max(axis=1).mean())
    error = calibration.error(of.answers, of.truth)
    mean = f"{confidence:.1%} sure on average, and right in {of.result.test_accuracy:.1%}"
    kind = "less sure than it might be" if confidence < of.result.test_accuracy else "surer than it should be"
    return f"It is {mean}: {kind}. Expected calibration error {error:.1%}; the diagram is in reports/figures."


def limits(of: Subject) -> str:
    smoothing = of.history["hyperparameters"].get("label_smoothing")
    items = [
        f"It knows {of.source} and nothing else: how it does on other scanners, pens and habits was not measured.",
        "There is no answer for 'none of these'.",
        "The more an image is moved, turned, noisy, blurred, faint or covered, the less often it is right: see above.",
    ]
    if smoothing:
        items.append(
            f"It was trained with smoothed labels ({plain(smoothing)}): its probabilities rank answers well, but are "
            "too low to be read as chances."
        )
    return "\n".join(f"- {item}" for item in items)


def again(of: Subject) -> str:
    versions = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    stage = f"train_{of.result.variant}@{of.result.family}-{of.result.seed}"
    return (
        "In a clone at the commit that this file is from (`git log -1 reports/model_card.md`): `make repro`, or `dvc "
        f"pull` where a remote has it. Stage `{stage}` makes this model. Versions: {versions}; all others are in "
        "requirements.txt. MLflow has its run under the fingerprint of all that decided it, "
        f"`{of.history['fingerprint']}`."
    )


def share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"
