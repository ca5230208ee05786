"""Baseline against tuned: what each variant of a family achieves, and what may be said of their difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

import numpy as np

from digits.common.paths import VARIANTS
from digits.comparison import intervals, verdict
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import Verdict
from digits.evaluation.metrics import METRICS, measure

ENSEMBLE = " ensemble"
# Accuracy has an interval, and the verdicts are about it.
ACCURACY, *OTHERS = METRICS
Key = tuple[str, str]  # family and variant
Predictions = Mapping[Key, np.ndarray]  # probabilities: seeds × test images × classes


@dataclass(frozen=True)
class Result:
    """One trained model."""

    family: str
    variant: str
    seed: int
    metrics: Mapping[str, float]
    validation_accuracy: float
    validation_loss: float
    parameters: int
    multiply_adds: int
    bytes: int
    epochs: int
    training_tflop: float


@dataclass(frozen=True)
class Spread:
    mean: float
    sd: float | None  # None where there is one seed only

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(round(fmean(values), 6), round(stdev(values), 6) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """A family's variant over all seeds, or their ensemble; the verdict compares it with the baseline's like."""

    family: str
    variant: str
    accuracy: Accuracy
    metrics: Mapping[str, Spread]  # the others
    validation_accuracy: Spread | None  # None for an ensemble, which predicted no validation image
    verdict: Verdict | None
    parameters: int
    multiply_adds: int
    bytes: int
    seeds: tuple[int, ...]
    epochs: int
    training_tflop: float  # of one model

    @property
    def name(self) -> str:
        return f"{self.family} {self.variant}"


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    verdicts: Mapping[tuple[Key, Key], Verdict]  # of the first over the second
    images: int


def compare(results: Sequence[Result], predictions: Predictions, truth: np.ndarray) -> Comparison:
    predictions = dict(predictions) | ensembles(predictions)
    correct = {key: probabilities.argmax(axis=2) == truth for key, probabilities in predictions.items()}
    verdicts = verdict.judge({(mine, theirs): (correct[mine], correct[theirs]) for mine, theirs in pairs(correct)})
    families = list(dict.fromkeys(family for family, _ in predictions))
    rows = []
    for family, variant in sorted(predictions, key=lambda key: families.index(key[0])):
        single = variant.removesuffix(ENSEMBLE)
        group = [result for result in results if (result.family, result.variant) == (family, single)]
        if variant == single:
            measured = [result.metrics for result in group]
        else:
            measured = [measure(predictions[family, variant][0], truth)]
        against_baseline = ((family, variant), (family, variant.replace("tuned", "baseline")))
        accuracy = intervals.accuracy(correct[family, variant])
        rows.append(row(group, variant, accuracy, measured, verdicts.get(against_baseline)))
    return Comparison(tuple(rows), verdicts, len(truth))


def ensembles(predictions: Predictions) -> Predictions:
    """The mean of the seeds' probabilities: costs as many predictions as there are seeds, and no more training."""
    return {
        (family, f"{variant}{ENSEMBLE}"): probabilities.mean(axis=0, keepdims=True, dtype=np.float64)
        for (family, variant), probabilities in predictions.items()
        if len(probabilities) > 1
    }


def pairs(keys: Iterable[Key]) -> list[tuple[Key, Key]]:
    """Tuned against baseline in each family, also as ensembles; and the families' tuned models against each other."""
    families = list(dict.fromkeys(family for family, _ in keys))
    baseline, tuned = VARIANTS
    found = [
        ((family, f"{tuned}{suffix}"), (family, f"{baseline}{suffix}"))
        for family in families
        for suffix in ("", ENSEMBLE)
        if (family, f"{tuned}{suffix}") in keys
    ]
    return found + [((mine, tuned), (theirs, tuned)) for theirs, mine in combinations(families, 2)]


def row(
    group: Sequence[Result],
    variant: str,
    accuracy: Accuracy,
    measured: Sequence[Mapping[str, float]],
    judged: Verdict | None,
) -> Row:
    one, single = group[0], variant == group[0].variant
    models = 1 if single else len(group)
    return Row(
        family=one.family,
        variant=variant,
        accuracy=accuracy,
        metrics={metric.name: Spread.of([each[metric.name] for each in measured]) for metric in OTHERS},
        validation_accuracy=Spread.of([result.validation_accuracy for result in group]) if single else None,
        verdict=judged,
        parameters=one.parameters * models,
        multiply_adds=one.multiply_adds * models,
        bytes=one.bytes * models,
        seeds=tuple(result.seed for result in group),
        epochs=one.epochs,
        training_tflop=one.training_tflop,
    )


def columns(record: Result | Row) -> dict[str, Any]:
    """For a CSV file: each metric a column of its own."""
    tree: dict[str, Any] = {}
    for name, value in asdict(record).items():
        tree |= value if name == "metrics" else {name: value}
    return tree


def metrics_tree(rows: Sequence[Row]) -> dict[str, Any]:
    """Nested as `dvc metrics diff` shows it best: family, variant, metric."""
    tree: dict[str, Any] = {}
    for each in rows:
        spreads = {ACCURACY.name: each.accuracy, **each.metrics, "validation_accuracy": each.validation_accuracy}
        known = {name: spread for name, spread in spreads.items() if spread}
        numbers = {name: spread.mean for name, spread in known.items()}
        numbers |= {f"{name}_sd": spread.sd for name, spread in known.items() if spread.sd is not None}
        numbers |= {f"{ACCURACY.name}_low": each.accuracy.low, f"{ACCURACY.name}_high": each.accuracy.high}
        if gain := each.verdict:
            numbers |= {"gain": gain.difference, "gain_low": gain.low, "gain_high": gain.high}
        of_family = tree.setdefault(each.family, {})
        of_family[each.variant.replace(" ", "_")] = {
            **{name: round(number, 6) for name, number in numbers.items()},
            "parameters": each.parameters,
            "multiply_adds": each.multiply_adds,
        }
    return tree
