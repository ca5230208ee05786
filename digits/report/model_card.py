"""The model card of the winner: what it is, what it can do, where it fails, and how to make it again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from digits.comparison.comparison import Result, Row
from digits.core.paths import model_file, model_name
from digits.data.corruptions import CORRUPTIONS, SEVERITIES, TRAINED
from digits.evaluation.metrics import Predictions, class_scores, confusion_matrix, is_correct
from digits.evaluation.robustness import sample_indices
from digits.report.costs import readable
from digits.report.tables import covered, table, verdict_counts

LIBRARIES = ("tensorflow", "keras", "keras-tuner", "numpy")
MISTAKES_NAMED = 5


@dataclass(frozen=True)
class Winner:
    result: Result
    row: Row  # of its variant, over the seeds
    searches: int
    history: Mapping[str, Any]
    predictions: Predictions
    data: Mapping[str, Any]  # reports/data.json
    source: str
    objective: str

    @property
    def name(self) -> str:
        return model_name(self.result.family, self.result.variant, self.result.seed)


def markdown(of: Winner) -> str:
    title = f"# Model card: {of.row.name}, seed {of.result.seed}"
    chosen = f"The best model of this result on validation images (objective: {of.objective}); written by `dvc repro`."
    sections = {
        "What it is for": purpose(of),
        "Data": data(of),
        "Training": training(of),
        "Results": results(of),
        "Each class": classes(of),
        "Corrupted images": corrupted_images(of),
        "Calibration": calibration(of),
        "Limits": limits(of),
        "How to make it again": reproduction(of),
    }
    return "\n\n".join((title, chosen, *(f"## {name}\n\n{text}" for name, text in sections.items()), ""))


def purpose(of: Winner) -> str:
    height, width, channels = of.data["shape"]
    shape = f"{height} × {width} pixels, {channels} channel{'s' * (channels > 1)}"
    names = ", ".join(of.data["classes"])
    return (
        f"`{model_file(of.name)}` takes images of {shape}, as they are (0 to 255), and gives a probability for each of "
        f"{len(of.data['classes'])} classes: {names}. It is for comparing recipes and for trying out, on "
        f"images like those of {of.source}. Do not use it for decisions about people, money or mail. It gives an "
        "answer for any image, also for one that shows none of its classes."
    )


def data(of: Winner) -> str:
    rows = [(name, f"{split['images']:,}", f"`{split['sha256'][:16]}…`") for name, split in of.data["splits"].items()]
    return f"Source: {of.source}.\n\n{table(('Split', 'Images', 'SHA-256'), 'lrl', rows)}"


def training(of: Winner) -> str:
    recipe = ", ".join(f"{name} {readable(value)}" for name, value in of.history["hyperparameters"].items())
    return (
        f"{of.result.epochs} epochs with seed {of.result.seed}, {of.result.training_tflop:.3g} TFLOP; "
        f"{of.result.parameters:,} parameters, {of.result.multiply_adds:,} multiply-adds per image, a file of "
        f"{of.result.bytes / 1e6:.1f} MB. Recipe: {recipe}."
    )


def results(of: Winner) -> str:
    row, metrics = of.row, of.result.metrics
    what = f", as {covered(of.searches)}" if len(row.seeds) > 1 else ""
    judged = f" Over the family's baseline{what}: {verdict_counts(row)}." if row.verdicts else ""
    one = of.searches == 1 or of.result.variant == "baseline"
    kind = "Its recipe" if one else "Such models, each of a search of its own,"
    return (
        f"This model: {metrics['test_accuracy']:.2%} of {len(of.predictions.labels):,} test images, loss "
        f"{metrics['test_loss']:.4f}; of the validation images {of.result.validation_accuracy:.2%}. {kind} over "
        f"{len(row.seeds)} seeds: {row.accuracy.mean:.2%}, 95 % interval {row.accuracy.low:.2%} to "
        f"{row.accuracy.high:.2%}.{judged} "
        "All models: [comparison](comparison.md)."
    )


def classes(of: Winner) -> str:
    def share(value: float | None) -> str:
        return "–" if value is None else f"{value:.2%}"

    names = of.data["classes"]
    counts = confusion_matrix(of.predictions.labels, [of.predictions.probabilities], len(names))
    rows = [
        (name, f"{each.n_images:,}", share(each.precision), share(each.recall), share(each.f1))
        for name, each in zip(names, class_scores(counts), strict=True)
    ]
    return f"{table(('Class', 'Test images', 'Precision', 'Recall', 'F1'), 'lrrrr', rows)}\n\n{mistakes(counts, names)}"


def mistakes(counts: np.ndarray, names: Sequence[str]) -> str:
    wrong = counts - np.diag(counts.diagonal())
    most = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES_NAMED]
    pairs = [(*divmod(int(place), len(names)), int(wrong.flat[place])) for place in most if wrong.flat[place]]
    if not pairs:
        return "No mistake on the test images."
    told = ", ".join(f"{names[actual]} → {names[predicted]} ({count})" for actual, predicted, count in pairs)
    return f"Most frequent confusions, true → predicted: {told}."


def corrupted_images(of: Winner) -> str:
    corrupted = of.predictions.corrupted_correct
    untouched = is_correct(of.predictions)[sample_indices(len(of.predictions.labels))].mean()
    rows = [
        (
            kind,
            corruption.effect,
            "trained" if kind in TRAINED else "held-out",
            *(f"{100 * right.mean():.1f} %" for right in by_severity),
        )
        for (kind, corruption), by_severity in zip(CORRUPTIONS.items(), corrupted, strict=True)
    ]
    head = ("Kind", "Effect", "", *(f"Severity {severity}" for severity in SEVERITIES))
    return (
        f"Accuracy on {corrupted.shape[-1]:,} of the test images, of which it reads {untouched:.1%} as they are. "
        "Training or search may have met the seen kinds; nothing has met the unseen ones.\n\n"
        f"{table(head, 'lllrrrr', rows)}"
    )


def calibration(of: Winner) -> str:
    confidence, accuracy = float(of.predictions.probabilities.max(axis=1).mean()), of.result.metrics["test_accuracy"]
    said, right = f"{confidence:.1%}", f"{accuracy:.1%}"
    mean = f"{said} sure on average, and right in {right}"
    if said == right:
        verdict = "on average neither over- nor underconfident"
    else:
        verdict = "underconfident" if confidence < accuracy else "overconfident"
    error = of.result.metrics["calibration_error"]
    return f"It is {mean}: {verdict}. Expected calibration error {error:.1%}; the diagram is in reports/figures."


def limits(of: Winner) -> str:
    smoothing = of.history["hyperparameters"].get("label_smoothing")
    items = [
        f"It knows {of.source} and nothing else: how it does on other scanners, pens and habits was not measured.",
        "There is no answer for 'none of these'.",
        "The more an image is corrupted, the less often it is right: see above.",
    ]
    if smoothing:
        items.append(
            f"It was trained with smoothed labels ({readable(smoothing)}): its probabilities rank answers well, but "
            "are too low to be read as chances."
        )
    return "\n".join(f"- {item}" for item in items)


def reproduction(of: Winner) -> str:
    versions = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    stage = f"train_{of.result.variant}@{of.result.family}"
    return (
        "In a clone at the commit that this file is from (`git log -1 reports/model_card.md`): `make repro`, or `dvc "
        f"pull` where a remote has it. Stage `{stage}` makes this model. Versions: {versions}; all others are in "
        "requirements.txt. MLflow has its run under the fingerprint of all that decided it, "
        f"`{of.history['fingerprint']}`."
    )
