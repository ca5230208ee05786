"""What was measured of one family, in the form that figures and `dvc plots` draw it."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from digits.common import files, paths
from digits.evaluation import calibration, robustness
from digits.evaluation.calibration import Bin
from digits.evaluation.robustness import Robustness

MEASURES = ("accuracy", "loss")
SPLITS = {"training": "", "validation": "validation_"}
OBJECTIVE = "validation_accuracy"
BASELINE_TRIAL = 0

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    family: str
    histories: dict[str, list[list[Row]]]
    trials: list[Row]
    best_trial: int
    probabilities: dict[str, list[np.ndarray]]
    labels: np.ndarray
    images: np.ndarray
    classes: list[str]
    robustness: Robustness


def read(family: str, seeds: Iterable[int]) -> Results:
    seeds = tuple(seeds)
    models = {variant: [paths.model_name(family, variant, seed) for seed in seeds] for variant in paths.VARIANTS}
    search = files.read_json(paths.search_file(family))
    return Results(
        family=family,
        histories={
            variant: [files.read_json(paths.history_file(model))["epochs"] for model in group]
            for variant, group in models.items()
        },
        trials=search["trials"],
        best_trial=search["best_trial"],
        probabilities={
            variant: [files.read_array(paths.PREDICTIONS / f"{model}.npy") for model in group]
            for variant, group in models.items()
        },
        labels=files.read_array(paths.PREDICTIONS / "labels.npy"),
        images=files.read_array(paths.PREDICTIONS / "images.npy"),
        classes=[str(name) for name in files.read_json(paths.CLASSES)],
        robustness=robustness.read(family, seeds),
    )


def training(histories: dict[str, list[list[Row]]]) -> list[Row]:
    """Mean, lowest and highest over the seeds, for each epoch."""
    rows = []
    for variant, of_seeds in histories.items():
        for split, prefix in SPLITS.items():
            for measure in MEASURES:
                at: dict[int, list[float]] = {}
                for epoch in (epoch for epochs in of_seeds for epoch in epochs):
                    if epoch.get(prefix + measure) is not None:
                        at.setdefault(epoch["epoch"], []).append(epoch[prefix + measure])
                rows += [
                    {"variant": variant, "split": split, "measure": measure, "epoch": epoch}
                    | {"mean": fmean(values), "lowest": min(values), "highest": max(values)}
                    for epoch, values in sorted(at.items())
                ]
    return rows


def search(trials: list[Row]) -> list[Row]:
    varied = list(dict.fromkeys(name for trial in trials for name in trial["hyperparameters"]))
    return [
        {
            "trial": trial["trial"],
            "recipe": "baseline" if trial["trial"] == BASELINE_TRIAL else "searched",
            "status": trial["status"],
            "epochs": len(trial["epochs"]),
            OBJECTIVE: trial[OBJECTIVE],
            **{name: trial["hyperparameters"].get(name) for name in varied},
        }
        for trial in sorted(trials, key=lambda trial: trial["trial"])
    ]


def confusion(labels: np.ndarray, probabilities: Iterable[np.ndarray], classes: int) -> np.ndarray:
    """How often each class (row) was taken for each (column), summed over the seeds."""
    counts = np.zeros(classes * classes, dtype=np.int64)
    for of_seed in probabilities:
        pairs = labels.astype(np.int64) * classes + of_seed.argmax(axis=1)
        counts += np.bincount(pairs, minlength=classes * classes)
    return counts.reshape(classes, classes)


def confusion_rows(counts: dict[str, np.ndarray], classes: list[str]) -> list[Row]:
    """Only pairs that occurred, yet every class once: a plot's axes take the classes in the order they come."""
    order = range(len(classes))
    pairs = [(actual, actual) for actual in order]
    pairs += [(actual, predicted) for actual in order for predicted in order if actual != predicted]
    return [
        {
            "variant": variant,
            "actual": classes[actual],
            "predicted": classes[predicted],
            "count": int(of[actual, predicted]),
        }
        for variant, of in counts.items()
        for actual, predicted in pairs
        if actual == predicted or of[actual, predicted]
    ]


def reliability(labels: np.ndarray, probabilities: list[np.ndarray]) -> list[Bin]:
    """The answers of all seeds' models, each as if it had been given alone."""
    return calibration.reliability(np.concatenate(probabilities), np.tile(labels, len(probabilities)))


def write(results: Results, folder: Path) -> None:
    counts = {
        variant: confusion(results.labels, probabilities, len(results.classes))
        for variant, probabilities in results.probabilities.items()
    }
    name = f"{results.family}.csv"
    files.write_text(folder / "training" / name, as_csv(training(results.histories)))
    files.write_text(folder / "search" / name, as_csv(search(results.trials)))
    files.write_text(folder / "confusion" / name, as_csv(confusion_rows(counts, results.classes)))
    files.write_text(folder / "robustness" / name, as_csv(robustness.rows(results.robustness.curves)))


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    table.writeheader()
    # Seven digits are more than any of these numbers means, and hide the last bits of a mean.
    table.writerows({key: f"{v:.7g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    return text.getvalue()
