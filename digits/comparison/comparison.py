"""Compare baseline and tuned models: the results of each variant, and verdicts on their differences."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Any, TypeVar

from digits.comparison import intervals
from digits.comparison.intervals import Accuracy
from digits.comparison.verdict import BETTER, WORSE, Pair, Verdict, judge
from digits.core.paths import VARIANTS
from digits.evaluation.metrics import METRICS, Predictions, measure

ENSEMBLE = " ensemble"
ACCURACY, *OTHER_METRICS = METRICS
Key = TypeVar("Key")
FamilyVariant = tuple[str, str]
PredictionsByVariant = Mapping[FamilyVariant, Sequence[Predictions]]  # one per seed; one for an ensemble
Verdicts = Mapping[str, Verdict]  # by metric name
VERDICT_COLUMNS = {"low": "difference_low", "high": "difference_high"}  # a verdict's interval is of the difference


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
    sd: float | None  # None with one seed

    @classmethod
    def from_values(cls, values: Sequence[float]) -> "Spread":
        return cls(round(fmean(values), 6), round(stdev(values), 6) if len(values) > 1 else None)


@dataclass(frozen=True)
class Row:
    """A variant of a family over all seeds, or the ensemble of its models.

    Sizes and costs are means over the seeds, because models from separate searches differ in size. An ensemble's sizes
    are sums.
    """

    family: str
    variant: str
    accuracy: Accuracy
    metrics: Mapping[str, Spread]  # all metrics except accuracy
    validation_accuracy: Spread | None  # None for an ensemble, which predicts no validation images
    verdicts: Verdicts  # against the baseline, or the baseline's ensemble; empty for a baseline
    parameters: int
    multiply_adds: int
    bytes: int
    seeds: tuple[int, ...]
    epochs: int
    training_tflop: float  # of one model

    @property
    def name(self) -> str:
        return f"{self.family} {self.variant}"

    def metrics_with(self, verdict: str) -> list[str]:
        return [metric for metric, judged in self.verdicts.items() if judged.verdict == verdict]


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    verdicts: Mapping[tuple[FamilyVariant, FamilyVariant], Verdicts]  # by (candidate, reference)
    n_images: int
    n_searches: int  # per family: 1 for all tuned models, or 1 for each


def compare(results: Sequence[Result], predictions: PredictionsByVariant, n_searches: int) -> Comparison:
    verdicts = judge_metrics({pair: (predictions[pair[0]], predictions[pair[1]]) for pair in list_pairs(predictions)})
    families = list(dict.fromkeys(family for family, _ in predictions))
    rows = []
    for family, variant in sorted(predictions, key=lambda key: families.index(key[0])):
        model_variant = variant.removesuffix(ENSEMBLE)
        models = [result for result in results if (result.family, result.variant) == (family, model_variant)]
        pair = ((family, variant), (family, variant.replace("tuned", "baseline")))
        rows.append(make_row(models, variant, predictions[family, variant], verdicts.get(pair, {})))
    return Comparison(tuple(rows), verdicts, len(next(iter(predictions.values()))[0].labels), n_searches)


def judge_metrics(pairs: Mapping[Key, tuple[Sequence[Predictions], Sequence[Predictions]]]) -> dict[Key, Verdicts]:
    """Judge each (candidate, reference) by every metric available for both, corrected for all pairs and metrics."""
    values = {
        (key, metric.name): Pair(metric.per_model(candidate), metric.per_model(reference), metric.smaller_is_better)
        for key, (candidate, reference) in pairs.items()
        for metric in METRICS
        if metric.available_for([*candidate, *reference])
    }
    verdicts: dict[Key, dict[str, Verdict]] = {key: {} for key in pairs}
    for (key, metric), verdict in judge(values).items():
        verdicts[key][metric] = verdict
    return verdicts


def list_pairs(variants: Collection[FamilyVariant]) -> list[tuple[FamilyVariant, FamilyVariant]]:
    """Pair tuned with baseline in each family, also as ensembles, and the tuned models of different families."""
    families = list(dict.fromkeys(family for family, _ in variants))
    baseline, tuned = VARIANTS
    pairs = [
        ((family, f"{tuned}{suffix}"), (family, f"{baseline}{suffix}"))
        for family in families
        for suffix in ("", ENSEMBLE)
        if (family, f"{tuned}{suffix}") in variants
    ]
    return pairs + [((later, tuned), (earlier, tuned)) for earlier, later in combinations(families, 2)]


def make_row(models: Sequence[Result], variant: str, predictions: Sequence[Predictions], verdicts: Verdicts) -> Row:
    family, is_ensemble = models[0].family, variant != models[0].variant
    size = sum if is_ensemble else rounded_mean
    measured = [measure(predictions[0])] if is_ensemble else [model.metrics for model in models]
    spreads = {name: Spread.from_values([metrics[name] for metrics in measured]) for name in measured[0]}
    validation_accuracies = [model.validation_accuracy for model in models]
    return Row(
        family=family,
        variant=variant,
        accuracy=intervals.accuracy(ACCURACY.per_model(predictions)),
        metrics={metric.name: spreads[metric.name] for metric in OTHER_METRICS},
        validation_accuracy=None if is_ensemble else Spread.from_values(validation_accuracies),
        verdicts=verdicts,
        parameters=size(model.parameters for model in models),
        multiply_adds=size(model.multiply_adds for model in models),
        bytes=size(model.bytes for model in models),
        seeds=tuple(model.seed for model in models),
        epochs=models[0].epochs,
        training_tflop=round(fmean(model.training_tflop for model in models), 3),
    )


def rounded_mean(sizes: Iterable[int]) -> int:
    return round(fmean(sizes))


def columns(record: Result | Row) -> dict[str, Any]:
    """Return the columns of a CSV file. Names of metrics and verdicts begin with the metric: `test_loss_verdict`."""
    values: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name == "metrics":
            values |= value
        elif name == "verdicts":
            for metric, verdict in value.items():
                values |= {f"{metric}_{VERDICT_COLUMNS.get(key, key)}": number for key, number in verdict.items()}
        else:
            values[name] = value
    return values


def metrics_tree(rows: Sequence[Row]) -> dict[str, Any]:
    """Nest the metrics by family and variant, which `dvc metrics diff` shows best."""
    tree: dict[str, Any] = {}
    for row in rows:
        spreads = {ACCURACY.name: row.accuracy, **row.metrics, "validation_accuracy": row.validation_accuracy}
        spreads = {name: spread for name, spread in spreads.items() if spread}
        numbers = {name: spread.mean for name, spread in spreads.items()}
        numbers |= {f"{name}_sd": spread.sd for name, spread in spreads.items() if spread.sd is not None}
        numbers |= {f"{ACCURACY.name}_low": row.accuracy.low, f"{ACCURACY.name}_high": row.accuracy.high}
        tree.setdefault(row.family, {})[row.variant.replace(" ", "_")] = {
            **{name: round(number, 6) for name, number in (numbers | gains(row)).items()},
            "parameters": row.parameters,
            "multiply_adds": row.multiply_adds,
        }
    return tree


def summary_tree(rows: Sequence[Row], objectives: Mapping[str, float]) -> dict[str, Any]:
    """Return the four values of each family's tuned models that `dvc exp show` lists."""
    return {
        row.family: {
            "test_accuracy": round(row.accuracy.mean, 6),
            "gain": round(row.verdicts[ACCURACY.name].difference, 6),
            "verdict": verdict_summary(row),
            "objective": objectives[row.family],
        }
        for row in rows
        if row.variant == "tuned"
    }


def verdict_summary(row: Row) -> str:
    better, worse = len(row.metrics_with(BETTER)), len(row.metrics_with(WORSE))
    return f"better on {better} of {len(row.verdicts)}" + (f", worse on {worse}" if worse else "")


def gains(row: Row) -> dict[str, float]:
    """Return the differences from the baseline, with an interval for accuracy, and the number of metrics by verdict."""
    if not row.verdicts:
        return {}
    gain = row.verdicts[ACCURACY.name]
    differences = {
        f"{metric}_difference": verdict.difference
        for metric, verdict in row.verdicts.items()
        if metric != ACCURACY.name
    }
    counts = {"metrics_better": len(row.metrics_with(BETTER)), "metrics_worse": len(row.metrics_with(WORSE))}
    return {"gain": gain.difference, "gain_low": gain.low, "gain_high": gain.high} | differences | counts
