"""One family's results as figures draw them, and as tables behind `dvc plots`."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from digits.common import files, paths
from digits.evaluation import metrics, robustness
from digits.evaluation.corruptions import CORRUPTIONS, strength
from digits.evaluation.robustness import Curves

MEASURES = ("accuracy", "loss")
SPLITS = {"training": "", "validation": "validation_"}
OBJECTIVE = "objective"
BASELINE_TRIAL = 0

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """By variant, what there is of each seed."""

    family: str
    histories: dict[str, list[list[Row]]]
    trials: list[Row]
    best_trial: int
    objective: str  # of the search
    probabilities: dict[str, list[np.ndarray]]
    labels: np.ndarray
    images: np.ndarray
    classes: list[str]
    robustness: dict[str, list[Curves]]
    robustness_images: int

    @property
    def seeds(self) -> int:
        return max(map(len, self.probabilities.values()))


def read(family: str, seeds: Iterable[int]) -> Results:
    seeds = tuple(seeds)
    models = {variant: [paths.model_name(family, variant, seed) for seed in seeds] for variant in paths.VARIANTS}
    search, corrupted = files.read_json(paths.search_file(family)), files.read_json(robustness.FILE)

    def of_each(reader: Callable[[str], Any]) -> dict[str, list[Any]]:
        return {variant: [reader(model) for model in group] for variant, group in models.items()}

    return Results(
        family=family,
        histories=of_each(lambda model: files.read_json(paths.history_file(model))["epochs"]),
        trials=search["trials"],
        best_trial=search["best_trial"],
        objective=search["objective"],
        probabilities=of_each(metrics.predictions),
        labels=metrics.true_labels(),
        images=files.read_array(paths.PREDICTIONS / "images.npy"),
        classes=[str(name) for name in files.read_json(paths.CLASSES)],
        robustness=of_each(corrupted["accuracy"].__getitem__),
        robustness_images=corrupted["images"],
    )


def over_seeds(values: Iterable[float]) -> Row:
    values = list(values)
    return {"mean": fmean(values), "lowest": min(values), "highest": max(values)}


def training(results: Results) -> list[Row]:
    rows = []
    for variant, of_seeds in results.histories.items():
        for split, prefix in SPLITS.items():
            for measure in MEASURES:
                values: dict[int, list[float]] = defaultdict(list)
                for epoch in (epoch for epochs in of_seeds for epoch in epochs):
                    if epoch.get(prefix + measure) is not None:
                        values[epoch["epoch"]].append(epoch[prefix + measure])
                key = {"variant": variant, "split": split, "measure": measure}
                rows += [key | {"epoch": epoch} | over_seeds(values[epoch]) for epoch in sorted(values)]
    return rows


def search(results: Results) -> list[Row]:
    trials = sorted(results.trials, key=lambda trial: trial["trial"])
    hyperparameters = list(dict.fromkeys(name for trial in results.trials for name in trial["hyperparameters"]))
    return [
        {
            "trial": trial["trial"],
            "recipe": "baseline" if trial["trial"] == BASELINE_TRIAL else "searched",
            "status": trial["status"],
            "epochs": len(trial["epochs"]),
            OBJECTIVE: trial[OBJECTIVE],
            **{name: trial["hyperparameters"].get(name) for name in hyperparameters},
        }
        for trial in trials
    ]


def confusion(results: Results) -> list[Row]:
    """Only pairs that occurred, yet every class once: a plot's axes take the classes in the order they come."""
    classes = results.classes
    order = range(len(classes))
    pairs = [(actual, actual) for actual in order]
    pairs += [(actual, predicted) for actual in order for predicted in order if actual != predicted]
    rows = []
    for variant, probabilities in results.probabilities.items():
        counts = metrics.confusion(results.labels, probabilities, len(classes))
        rows += [
            {"variant": variant, "actual": classes[actual], "predicted": classes[predicted], "count": int(count)}
            for actual, predicted in pairs
            if (count := counts[actual, predicted]) or actual == predicted
        ]
    return rows


def corrupted(results: Results) -> list[Row]:
    return [
        {"variant": variant, "corruption": name, "severity": severity, "strength": strength(name, severity)}
        | over_seeds(values)
        for variant, of_seeds in results.robustness.items()
        for name in CORRUPTIONS
        for severity, values in enumerate(zip(*(curves[name] for curves in of_seeds), strict=True))
    ]


TABLES = {"training": training, "search": search, "confusion": confusion, "robustness": corrupted}


def write(results: Results, folder: Path) -> None:
    for name, rows in TABLES.items():
        files.write_text(folder / name / f"{results.family}.csv", as_csv(rows(results)))


def as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    table.writeheader()
    # Seven digits are more than any of these numbers means, and hide the last bits of a mean.
    table.writerows({key: f"{v:.7g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    return text.getvalue()
