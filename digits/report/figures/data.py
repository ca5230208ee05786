"""One family's results as figures draw them, and as tables behind `dvc plots`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from digits.core import files, paths
from digits.data.corruptions import CORRUPTIONS, HELD_OUT, TRAINED, strength
from digits.evaluation import metrics, robustness

MEASURES = ("accuracy", "loss")
SPLITS = {"training": "", "validation": "validation_"}
OBJECTIVE = "objective"
BASELINE_TRIAL = 0
GROUPS = {"trained": TRAINED, "held-out": HELD_OUT}
MEAN = "mean of {} corruptions"

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """By variant, what there is of each seed."""

    family: str
    histories: dict[str, list[list[Row]]]
    trials: list[Row]  # of all searches, each with its search's seed and whether it was chosen
    objective: str  # of the searches
    probabilities: dict[str, list[np.ndarray]]
    labels: np.ndarray
    images: np.ndarray
    classes: list[str]
    corrupted: dict[str, list[np.ndarray]]  # which of the sample are right: kinds × severities × images

    @property
    def seeds(self) -> int:
        return max(map(len, self.probabilities.values()))

    @property
    def searches(self) -> int:
        return len({trial["search"] for trial in self.trials})


def read(family: str, seeds: Iterable[int]) -> Results:
    seeds = tuple(seeds)
    models = {variant: [paths.model_name(family, variant, seed) for seed in seeds] for variant in paths.VARIANTS}
    record = files.read_json(paths.search_file(family))

    def of_each(reader: Callable[[str], Any]) -> dict[str, list[Any]]:
        return {variant: [reader(model) for model in group] for variant, group in models.items()}

    return Results(
        family=family,
        histories=of_each(lambda model: files.read_json(paths.history_file(model))["epochs"]),
        trials=[
            trial | {"search": search["seed"], "chosen": trial["trial"] == search["best_trial"]}
            for search in record["searches"]
            for trial in search["trials"]
        ],
        objective=record["objective"],
        probabilities=of_each(metrics.load_probabilities),
        labels=metrics.load_labels(),
        images=files.read_array(paths.PREDICTIONS / "images.npy"),
        classes=files.read_json(paths.CLASSES),
        corrupted=of_each(robustness.load_correct),
    )


def over_seeds(values: Iterable[float]) -> Row:
    values = list(values)
    return {"mean": fmean(values), "lowest": min(values), "highest": max(values)}


def training(results: Results) -> list[Row]:
    rows = []
    for variant, of_seeds in results.histories.items():
        for split, prefix in SPLITS.items():
            for measure in MEASURES:
                key = {"variant": variant, "split": split, "measure": measure}
                for number, epochs in enumerate(zip(*of_seeds, strict=True), start=1):
                    rows.append(key | {"epoch": number} | over_seeds(epoch[prefix + measure] for epoch in epochs))
    return rows


def search(results: Results) -> list[Row]:
    hyperparameters = list(dict.fromkeys(name for trial in results.trials for name in trial["hyperparameters"]))
    return [
        {
            "search": trial["search"],
            "trial": trial["trial"],
            "recipe": "baseline" if trial["trial"] == BASELINE_TRIAL else "searched",
            "status": trial["status"],
            "chosen": trial["chosen"],
            "epochs": len(trial["epochs"]),
            OBJECTIVE: trial[OBJECTIVE],
            **{name: trial["hyperparameters"].get(name) for name in hyperparameters},
        }
        for trial in results.trials
    ]


def confusion(results: Results) -> list[Row]:
    """Only pairs that occurred, yet every class once: a plot's axes take the classes in the order they come."""
    classes = results.classes
    order = range(len(classes))
    pairs = [(actual, actual) for actual in order]
    pairs += [(actual, predicted) for actual in order for predicted in order if actual != predicted]
    rows = []
    for variant, probabilities in results.probabilities.items():
        counts = metrics.confusion_matrix(results.labels, probabilities, len(classes))
        rows += [
            {"variant": variant, "actual": classes[actual], "predicted": classes[predicted], "count": int(count)}
            for actual, predicted in pairs
            if (count := counts[actual, predicted]) or actual == predicted
        ]
    return rows


def corrupted(results: Results) -> list[Row]:
    """Of every kind, each group of kinds behind its mean."""
    rows = []
    for variant in results.corrupted:
        curves = accuracy_by_severity(results, variant)
        for group, kinds in GROUPS.items():
            mean = {MEAN.format(group): np.mean([curves[kind] for kind in kinds], axis=0)}
            for name, of_severities in (mean | {kind: curves[kind] for kind in kinds}).items():
                key = {"variant": variant, "group": group, "corruption": name}
                for severity, of_seeds in enumerate(of_severities):
                    amount = severity if name in mean else strength(name, severity)
                    rows.append(key | {"severity": severity, "strength": amount} | over_seeds(of_seeds.tolist()))
    return rows


def accuracy_by_severity(results: Results, variant: str) -> dict[str, np.ndarray]:
    """By kind: severities, from the image as it is, × seeds."""
    sample = robustness.sample_indices(len(results.labels))
    probabilities = np.stack([each[sample] for each in results.probabilities[variant]])
    untouched = (probabilities.argmax(axis=-1) == results.labels[sample]).mean(axis=-1)
    corrupted = np.mean(results.corrupted[variant], axis=-1)
    return {name: np.stack([untouched, *corrupted[:, kind].T]) for kind, name in enumerate(CORRUPTIONS)}


TABLES = {"training": training, "search": search, "confusion": confusion, "robustness": corrupted}


def write(results: Results, folder: Path) -> None:
    for name, rows in TABLES.items():
        files.write_text(folder / name / f"{results.family}.csv", as_csv(rows(results)))


def as_csv(rows: list[Row]) -> str:
    # Seven digits are more than any of these numbers means, and hide the last bits of a mean.
    return pd.DataFrame(rows).to_csv(index=False, float_format="%.7g", lineterminator="\n")
