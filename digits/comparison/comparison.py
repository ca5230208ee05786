"""Baseline against tuned: what each variant of a family can do, and what may be said of their difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Any

import numpy as np

from digits.common.paths import VARIANTS
from digits.comparison import intervals, verdict
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import Verdict
from digits.evaluation import calibration, predictions

ENSEMBLE = " ensemble"
Key = tuple[str, str]  # family and variant
Answers = Mapping[Key, np.ndarray]  # probabilities: seeds × test images × classes


@dataclass(frozen=True)
class Result:
    """One trained model, as it did on the test images."""

    family: str
    variant: str
    seed: int
    test_accuracy: float
    test_loss: float
    calibration_error: float
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
    """A family's variant, over all seeds, or their ensemble; the verdict compares it with the baseline's like."""

    family: str
    variant: str
    accuracy: Accuracy
    test_loss: Spread
    calibration_error: Spread
    validation_accuracy: Spread | None  # None for an ensemble: no validation image was shown to one
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


def compare(results: Sequence[Result], answers: Answers, truth: np.ndarray) -> Comparison:
    answers = dict(answers) | together(answers)
    right = {key: probabilities.argmax(axis=2) == truth for key, probabilities in answers.items()}
    verdicts = verdict.judge({pair: (right[pair[0]], right[pair[1]]) for pair in pairs(right)})
    rows = [
        row(
            [
                result
                for result in results
                if (result.family, result.variant) == (key[0], key[1].removesuffix(ENSEMBLE))
            ],
            key,
            intervals.accuracy(right[key]),
            [predictions.score(of_model, truth) for of_model in probabilities],
            [calibration.error(of_model, truth) for of_model in probabilities],
            verdicts.get((key, (key[0], key[1].replace("tuned", "baseline")))),
        )
        for key, probabilities in answers.items()
    ]
    order = list(dict.fromkeys(each.family for each in rows))
    return Comparison(tuple(sorted(rows, key=lambda each: order.index(each.family))), verdicts, len(truth))


def together(answers: Answers) -> Answers:
    """The mean of what the seeds' models say: as dear to ask as all of them, and without more training."""
    return {
        (family, f"{variant}{ENSEMBLE}"): probabilities.mean(axis=0, keepdims=True, dtype=np.float64)
        for (family, variant), probabilities in answers.items()
        if len(probabilities) > 1
    }


def pairs(keys: Mapping[Key, Any]) -> list[tuple[Key, Key]]:
    """Tuned against baseline in each family, single and together; and the families' tuned models with each other."""
    families = list(dict.fromkeys(family for family, _ in keys))
    baseline, tuned = VARIANTS
    found = [
        ((family, f"{tuned}{kind}"), (family, f"{baseline}{kind}"))
        for family in families
        for kind in ("", ENSEMBLE)
        if (family, f"{tuned}{kind}") in keys
    ]
    return found + [((mine, tuned), (theirs, tuned)) for theirs, mine in combinations(families, 2)]


def row(
    group: Sequence[Result],
    key: Key,
    accuracy: Accuracy,
    scores: Sequence[predictions.Score],
    errors: Sequence[float],
    judged: Verdict | None,
) -> Row:
    one, single = group[0], not key[1].endswith(ENSEMBLE)
    models = 1 if single else len(group)
    return Row(
        family=key[0],
        variant=key[1],
        accuracy=accuracy,
        test_loss=Spread.of([score.loss for score in scores]),
        calibration_error=Spread.of(errors),
        validation_accuracy=Spread.of([result.validation_accuracy for result in group]) if single else None,
        verdict=judged,
        parameters=one.parameters * models,
        multiply_adds=one.multiply_adds * models,
        bytes=one.bytes * models,
        seeds=tuple(result.seed for result in group),
        epochs=one.epochs,
        training_tflop=one.training_tflop,
    )


def metrics(rows: Sequence[Row]) -> dict[str, Any]:
    """Nested as `dvc metrics diff` shows it best: family, variant, metric."""
    tree: dict[str, Any] = {}
    for each in rows:
        spreads = {
            "test_accuracy": Spread(round(each.accuracy.mean, 6), rounded(each.accuracy.sd)),
            "test_loss": each.test_loss,
            "calibration_error": each.calibration_error,
            "validation_accuracy": each.validation_accuracy,
        }
        numbers = {"test_accuracy_low": each.accuracy.low, "test_accuracy_high": each.accuracy.high}
        if each.verdict:
            numbers |= {"gain": each.verdict.difference, "gain_low": each.verdict.low, "gain_high": each.verdict.high}
        known = {name: spread for name, spread in spreads.items() if spread is not None}
        tree.setdefault(each.family, {})[each.variant.replace(" ", "_")] = (
            flat(known)
            | {name: round(number, 6) for name, number in numbers.items()}
            | {"parameters": each.parameters, "multiply_adds": each.multiply_adds}
        )
    return tree


def flat(numbers: Mapping[str, Spread]) -> dict[str, float]:
    means = {key: spread.mean for key, spread in numbers.items()}
    sds = {f"{key}_sd": spread.sd for key, spread in numbers.items() if spread.sd is not None}
    return means | sds


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
