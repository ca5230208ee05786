"""The results of one family, as input of the figures and as tables for `dvc plots`."""

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
SPLIT_PREFIXES = {"training": "", "validation": "validation_"}
SCORE_KEY = "objective"  # of a trial
BASELINE_TRIAL = 0
GROUPS = {"trained": TRAINED, "held-out": HELD_OUT}
MEAN_NAME = "mean of {} corruptions"

Record = dict[str, Any]


@dataclass(frozen=True)
class FamilyResults:
    """Dictionaries are by variant. Their lists have an item for each seed."""

    family: str
    histories: dict[str, list[list[Record]]]
    trials: list[Record]  # of all searches, each with the seed of its search and whether it was chosen
    objective_name: str
    probabilities: dict[str, list[np.ndarray]]
    labels: np.ndarray
    images: np.ndarray
    classes: list[str]
    corrupted_correct: dict[str, list[np.ndarray]]  # corruptions × severities × sample of the images

    @property
    def n_seeds(self) -> int:
        return max(map(len, self.probabilities.values()))

    @property
    def n_searches(self) -> int:
        return len({trial["search"] for trial in self.trials})


def read_results(family: str, seeds: Iterable[int]) -> FamilyResults:
    seeds = tuple(seeds)
    models = {variant: [paths.model_name(family, variant, seed) for seed in seeds] for variant in paths.VARIANTS}
    record = files.read_json(paths.search_file(family))

    def read_models(read_model: Callable[[str], Any]) -> dict[str, list[Any]]:
        return {variant: [read_model(name) for name in names] for variant, names in models.items()}

    return FamilyResults(
        family=family,
        histories=read_models(lambda name: files.read_json(paths.history_file(name))["epochs"]),
        trials=[
            trial | {"search": search["seed"], "chosen": trial["trial"] == search["best_trial"]}
            for search in record["searches"]
            for trial in search["trials"]
        ],
        objective_name=record["objective"],
        probabilities=read_models(metrics.load_probabilities),
        labels=metrics.load_labels(),
        images=files.read_array(paths.PREDICTIONS / "images.npy"),
        classes=files.read_json(paths.CLASSES),
        corrupted_correct=read_models(robustness.load_corrupted_correctness),
    )


def summarize(values: Iterable[float]) -> Record:
    values = list(values)
    return {"mean": fmean(values), "lowest": min(values), "highest": max(values)}


def training_table(results: FamilyResults) -> list[Record]:
    rows = []
    for variant, histories in results.histories.items():
        for split, prefix in SPLIT_PREFIXES.items():
            for measure in MEASURES:
                key = {"variant": variant, "split": split, "measure": measure}
                for number, epochs in enumerate(zip(*histories, strict=True), start=1):
                    rows.append(key | {"epoch": number} | summarize(epoch[prefix + measure] for epoch in epochs))
    return rows


def search_table(results: FamilyResults) -> list[Record]:
    hyperparameters = list(dict.fromkeys(name for trial in results.trials for name in trial["hyperparameters"]))
    return [
        {
            "search": trial["search"],
            "trial": trial["trial"],
            "recipe": "baseline" if trial["trial"] == BASELINE_TRIAL else "searched",
            "status": trial["status"],
            "chosen": trial["chosen"],
            "epochs": len(trial["epochs"]),
            SCORE_KEY: trial[SCORE_KEY],
            **{name: trial["hyperparameters"].get(name) for name in hyperparameters},
        }
        for trial in results.trials
    ]


def confusion_table(results: FamilyResults) -> list[Record]:
    """Return the pairs that occur, after the diagonal: Vega-Lite orders the classes by their first appearance."""
    classes = results.classes
    order = range(len(classes))
    pairs = [(label, label) for label in order]
    pairs += [(label, predicted) for label in order for predicted in order if label != predicted]
    rows = []
    for variant, probabilities in results.probabilities.items():
        counts = metrics.confusion_matrix(results.labels, probabilities, len(classes))
        rows += [
            {"variant": variant, "actual": classes[label], "predicted": classes[predicted], "count": int(count)}
            for label, predicted in pairs
            if (count := counts[label, predicted]) or label == predicted
        ]
    return rows


def robustness_table(results: FamilyResults) -> list[Record]:
    """Return the accuracy by corruption and severity; the mean of each group comes before its corruptions.

    A mean has no strength of its own: its severity takes that column.
    """
    rows = []
    for variant in results.corrupted_correct:
        accuracies = accuracy_by_severity(results, variant)
        for group, corruptions in GROUPS.items():
            key = {"variant": variant, "group": group}
            mean = np.mean([accuracies[name] for name in corruptions], axis=0)
            rows += severity_rows(key | {"corruption": MEAN_NAME.format(group)}, mean, range(len(mean)))
            for name in corruptions:
                strengths = [strength(name, severity) for severity in range(len(accuracies[name]))]
                rows += severity_rows(key | {"corruption": name}, accuracies[name], strengths)
    return rows


def severity_rows(key: Record, accuracies: np.ndarray, strengths: Iterable[float]) -> list[Record]:
    """Return a row for each severity. `accuracies` is severities × seeds."""
    return [
        key | {"severity": severity, "strength": strength} | summarize(by_seed.tolist())
        for severity, (strength, by_seed) in enumerate(zip(strengths, accuracies, strict=True))
    ]


def accuracy_by_severity(results: FamilyResults, variant: str) -> dict[str, np.ndarray]:
    """Return for each corruption: severities, with 0 for uncorrupted images, × seeds."""
    sample = robustness.sample_indices(len(results.labels))
    probabilities = np.stack([model[sample] for model in results.probabilities[variant]])
    uncorrupted = (probabilities.argmax(axis=-1) == results.labels[sample]).mean(axis=-1)
    corrupted = np.mean(results.corrupted_correct[variant], axis=-1)  # seeds × corruptions × severities
    return {name: np.stack([uncorrupted, *corrupted[:, index].T]) for index, name in enumerate(CORRUPTIONS)}


TABLES = {
    "training": training_table,
    "search": search_table,
    "confusion": confusion_table,
    "robustness": robustness_table,
}


def write_tables(results: FamilyResults, folder: Path) -> None:
    for name, make_table in TABLES.items():
        files.write_text(folder / name / f"{results.family}.csv", format_csv(make_table(results)))


def format_csv(rows: list[Record]) -> str:
    # Seven digits are more than the precision of these numbers, and hide the last bits of a mean.
    return pd.DataFrame(rows).to_csv(index=False, float_format="%.7g", lineterminator="\n")
