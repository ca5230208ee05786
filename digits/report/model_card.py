"""The model card of the best model: intended use, results, limitations and how to reproduce it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from digits.comparison.comparison import ModelResult, VariantResult
from digits.core.paths import model_file, model_name
from digits.data.corruptions import CORRUPTIONS, SEVERITIES, TRAINED
from digits.evaluation.metrics import Predictions, class_scores, confusion_matrix, is_correct
from digits.evaluation.robustness import sample_indices
from digits.report.costs import format_value
from digits.report.tables import table, verdict_counts, verdict_scope

LISTED_LIBRARIES = ("tensorflow", "keras", "keras-tuner", "numpy")
MAX_CONFUSIONS = 5


@dataclass(frozen=True)
class BestModel:
    model_result: ModelResult
    variant_result: VariantResult  # over all seeds
    n_searches: int
    history: Mapping[str, Any]
    predictions: Predictions
    data_report: Mapping[str, Any]  # reports/data.json
    source: str
    objective_name: str

    @property
    def name(self) -> str:
        return model_name(self.model_result.family, self.model_result.variant, self.model_result.seed)


def markdown(best_model: BestModel) -> str:
    title = f"# Model card: {best_model.variant_result.name}, seed {best_model.model_result.seed}"
    selection = (
        f"The best model on the validation images (objective: {best_model.objective_name}). Written by `dvc repro`."
    )
    sections = {
        "Intended use": intended_use(best_model),
        "Data": data(best_model),
        "Training": training(best_model),
        "Results": results(best_model),
        "Results by class": results_by_class(best_model),
        "Corrupted images": corrupted_images(best_model),
        "Calibration": calibration(best_model),
        "Limitations": limitations(best_model),
        "Reproduction": reproduction(best_model),
    }
    return "\n\n".join((title, selection, *(f"## {name}\n\n{text}" for name, text in sections.items()), ""))


def intended_use(best_model: BestModel) -> str:
    height, width, n_channels = best_model.data_report["shape"]
    shape = f"{height} × {width} pixels and {n_channels} channel{'s' * (n_channels > 1)}"
    classes = best_model.data_report["classes"]
    return (
        f"`{model_file(best_model.name)}` takes images of {shape}, with values from 0 to 255, and returns a "
        f"probability for each of {len(classes)} classes: {', '.join(classes)}. It is meant for comparing "
        f"hyperparameters and for experiments on images like those of {best_model.source}. Do not use it for decisions "
        "about people, money or mail. It predicts a class for every image, even for one that shows none of its classes."
    )


def data(best_model: BestModel) -> str:
    splits = best_model.data_report["splits"].items()
    rows = [(name, f"{split['images']:,}", f"`{split['sha256'][:16]}…`") for name, split in splits]
    return f"Source: {best_model.source}.\n\n{table(('Split', 'Images', 'SHA-256'), 'lrl', rows)}"


def training(best_model: BestModel) -> str:
    result, hyperparameters = best_model.model_result, best_model.history["hyperparameters"]
    return (
        f"Trained for {result.epochs} epochs with seed {result.seed} ({result.training_tflop:.3g} TFLOP). The network "
        f"has {result.parameters:,} parameters and {result.multiply_adds:,} multiply-adds per image; its file has "
        f"{result.bytes / 1e6:.1f} MB. Hyperparameters: "
        f"{', '.join(f'{name} {format_value(value)}' for name, value in hyperparameters.items())}."
    )


def results(best_model: BestModel) -> str:
    model_result, variant_result = best_model.model_result, best_model.variant_result
    if best_model.n_searches == 1 or model_result.variant == "baseline":
        models = f"The same recipe over {len(variant_result.seeds)} seeds"
    else:
        models = f"Models of {best_model.n_searches} searches, one seed each"
    accuracy, verdict = variant_result.accuracy, ""
    if variant_result.verdicts:
        verdict = f" Compared with the family's baseline: {verdict_counts(variant_result)}."
        if len(variant_result.seeds) > 1:
            verdict += f" This applies to {verdict_scope(best_model.n_searches)}."
    return (
        f"Test accuracy {model_result.metrics['test_accuracy']:.2%} on {len(best_model.predictions.labels):,} images, "
        f"test loss {model_result.metrics['test_loss']:.4f}, validation accuracy "
        f"{model_result.validation_accuracy:.2%}. {models}: test accuracy {accuracy.mean:.2%}, 95 % interval "
        f"{accuracy.low:.2%} to {accuracy.high:.2%}.{verdict} All models: [comparison](comparison.md)."
    )


def results_by_class(best_model: BestModel) -> str:
    def percent(value: float | None) -> str:
        return "–" if value is None else f"{value:.2%}"

    classes = best_model.data_report["classes"]
    counts = confusion_matrix(best_model.predictions.labels, [best_model.predictions.probabilities], len(classes))
    rows = [
        (name, f"{score.n_images:,}", percent(score.precision), percent(score.recall), percent(score.f1))
        for name, score in zip(classes, class_scores(counts), strict=True)
    ]
    scores = table(("Class", "Test images", "Precision", "Recall", "F1"), "lrrrr", rows)
    return f"{scores}\n\n{frequent_confusions(counts, classes)}"


def frequent_confusions(counts: np.ndarray, classes: Sequence[str]) -> str:
    errors = counts - np.diag(counts.diagonal())
    largest = np.argsort(-errors, axis=None, kind="stable")[:MAX_CONFUSIONS]
    confusions = [(*divmod(int(index), len(classes)), int(errors.flat[index])) for index in largest]
    entries = [f"{classes[label]} → {classes[predicted]} ({count})" for label, predicted, count in confusions if count]
    if not entries:
        return "No test image is misclassified."
    return f"Most frequent confusions, true → predicted: {', '.join(entries)}."


def corrupted_images(best_model: BestModel) -> str:
    predictions = best_model.predictions
    uncorrupted = is_correct(predictions)[sample_indices(len(predictions.labels))].mean()
    rows = [
        (
            name,
            corruption.effect,
            "trained" if name in TRAINED else "held-out",
            *(f"{100 * correct.mean():.1f} %" for correct in by_severity),
        )
        for (name, corruption), by_severity in zip(CORRUPTIONS.items(), predictions.corrupted_correct, strict=True)
    ]
    header = ("Corruption", "Effect", "Group", *(f"Severity {severity}" for severity in SEVERITIES))
    return (
        f"Accuracy on {predictions.corrupted_correct.shape[-1]:,} of the test images; without corruption it is "
        f"{uncorrupted:.1%}. Trained corruptions may occur in training and in the search, held-out corruptions in "
        f"neither.\n\n{table(header, 'lllrrrr', rows)}"
    )


def calibration(best_model: BestModel) -> str:
    mean_confidence = float(best_model.predictions.probabilities.max(axis=1).mean())
    accuracy = best_model.model_result.metrics["test_accuracy"]
    if f"{mean_confidence:.1%}" == f"{accuracy:.1%}":
        verdict = "on average neither overconfident nor underconfident"
    else:
        verdict = "underconfident" if mean_confidence < accuracy else "overconfident"
    return (
        f"Mean confidence {mean_confidence:.1%}, accuracy {accuracy:.1%}: {verdict}. Expected calibration error "
        f"{best_model.model_result.metrics['calibration_error']:.1%}; the reliability diagram is in reports/figures."
    )


def limitations(best_model: BestModel) -> str:
    items = [
        f"It was trained and tested on {best_model.source} only. Its accuracy on images from other sources is unknown.",
        "It has no class for 'none of these'.",
        "Its accuracy decreases with the severity of a corruption: see above.",
    ]
    if smoothing := best_model.history["hyperparameters"].get("label_smoothing"):
        items.append(
            f"It was trained with label smoothing ({format_value(smoothing)}): its probabilities rank the classes "
            "well, but are lower than the share of correct predictions."
        )
    return "\n".join(f"- {item}" for item in items)


def reproduction(best_model: BestModel) -> str:
    versions = ", ".join(f"{library} {version(library)}" for library in LISTED_LIBRARIES)
    stage = f"train_{best_model.model_result.variant}@{best_model.model_result.family}"
    return (
        "In a clone at the commit that wrote this file (`git log -1 reports/model_card.md`), run `make repro`, or `dvc "
        f"pull` if a remote has the files. Stage `{stage}` trains this model. Versions: {versions}; all others are in "
        "requirements.txt. In MLflow, the run has this fingerprint of everything that determines the training: "
        f"`{best_model.history['fingerprint']}`."
    )
