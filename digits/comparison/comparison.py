"""Compare baseline and tuned models: the results of each variant, and verdicts on their differences."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Any, TypeVar

from digits.comparison import intervals
from digits.comparison.intervals import AccuracyEstimate
from digits.comparison.verdict import BETTER, WORSE, MetricPair, Verdict, judge
from digits.core.paths import VARIANTS
from digits.evaluation.metrics import METRICS, Predictions, compute_metrics

ENSEMBLE_LABEL = " ensemble"  # suffix of a variant in tables; metrics.ENSEMBLE_FILE_SUFFIX is for files
ACCURACY, *OTHER_METRICS = METRICS
Key = TypeVar("Key")
FamilyVariant = tuple[str, str]
PredictionsByVariant = Mapping[FamilyVariant, Sequence[Predictions]]  # one per seed; one for an ensemble
Verdicts = Mapping[str, Verdict]  # by metric name
# Columns that differ from the fields of Verdict. Low and high of a verdict bound the difference.
VERDICT_COLUMNS = {"decision": "verdict", "low": "difference_low", "high": "difference_high"}


@dataclass(frozen=True)
class ModelResult:
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
class VariantResult:
    """A variant of a family over all seeds, or the ensemble of its models.

    Sizes and costs are means over the seeds, because models from separate searches differ in size. An ensemble's sizes
    are sums.
    """

    family: str
    variant: str
    accuracy: AccuracyEstimate
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

    def metrics_with(self, decision: str) -> list[str]:
        return [metric for metric, verdict in self.verdicts.items() if verdict.decision == decision]


@dataclass(frozen=True)
class Comparison:
    rows: tuple[VariantResult, ...]
    verdicts: Mapping[tuple[FamilyVariant, FamilyVariant], Verdicts]  # by (candidate, reference)
    n_images: int
    n_searches: int  # per family: 1, or one per seed


def compare(results: Sequence[ModelResult], predictions: PredictionsByVariant, n_searches: int) -> Comparison:
    verdicts = judge_metrics(
        {
            (candidate, reference): (predictions[candidate], predictions[reference])
            for candidate, reference in list_pairs(predictions)
        }
    )
    baseline, tuned = VARIANTS
    families = list(dict.fromkeys(family for family, _ in predictions))
    rows = []
    for family, variant in sorted(predictions, key=lambda key: families.index(key[0])):
        model_variant = variant.removesuffix(ENSEMBLE_LABEL)
        models = [result for result in results if (result.family, result.variant) == (family, model_variant)]
        row_verdicts = {}
        if model_variant == tuned:
            row_verdicts = verdicts[(family, variant), (family, variant.replace(tuned, baseline))]
        rows.append(make_row(models, variant, predictions[family, variant], row_verdicts))
    return Comparison(tuple(rows), verdicts, len(next(iter(predictions.values()))[0].labels), n_searches)


def judge_metrics(pairs: Mapping[Key, tuple[Sequence[Predictions], Sequence[Predictions]]]) -> dict[Key, Verdicts]:
    """Judge each (candidate, reference) by every metric available for both, corrected for all pairs and metrics."""
    values = {
        (key, metric.name): MetricPair(
            metric.per_model(candidate), metric.per_model(reference), metric.smaller_is_better
        )
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
        for suffix in ("", ENSEMBLE_LABEL)
        if (family, f"{tuned}{suffix}") in variants
    ]
    return pairs + [((later, tuned), (earlier, tuned)) for earlier, later in combinations(families, 2)]


def make_row(
    models: Sequence[ModelResult], variant: str, predictions: Sequence[Predictions], verdicts: Verdicts
) -> VariantResult:
    family, is_ensemble = models[0].family, variant != models[0].variant
    aggregate = sum if is_ensemble else rounded_mean
    all_metrics = [compute_metrics(predictions[0])] if is_ensemble else [model.metrics for model in models]
    spreads = {name: Spread.from_values([metrics[name] for metrics in all_metrics]) for name in all_metrics[0]}
    validation_accuracies = [model.validation_accuracy for model in models]
    return VariantResult(
        family=family,
        variant=variant,
        accuracy=intervals.estimate_accuracy(ACCURACY.per_model(predictions)),
        metrics={metric.name: spreads[metric.name] for metric in OTHER_METRICS},
        validation_accuracy=None if is_ensemble else Spread.from_values(validation_accuracies),
        verdicts=verdicts,
        parameters=aggregate(model.parameters for model in models),
        multiply_adds=aggregate(model.multiply_adds for model in models),
        bytes=aggregate(model.bytes for model in models),
        seeds=tuple(model.seed for model in models),
        epochs=models[0].epochs,
        training_tflop=round(fmean(model.training_tflop for model in models), 3),
    )


def rounded_mean(counts: Iterable[int]) -> int:
    return round(fmean(counts))


def columns(record: ModelResult | VariantResult) -> dict[str, Any]:
    """Return the columns of a CSV file. Names of metrics and verdicts begin with the metric: `test_loss_verdict`."""
    values: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name == "metrics":
            values |= value
        elif name == "verdicts":
            for metric, verdict in value.items():
                values |= {f"{metric}_{VERDICT_COLUMNS.get(field, field)}": verdict[field] for field in verdict}
        else:
            values[name] = value
    return values


def metrics_tree(rows: Sequence[VariantResult]) -> dict[str, Any]:
    """Return the metrics by family and variant, as `dvc metrics diff` shows them best."""
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


def summary_tree(rows: Sequence[VariantResult], scores: Mapping[str, float]) -> dict[str, Any]:
    """Return the four values of each family's tuned models that `dvc exp show` lists."""
    return {
        row.family: {
            "test_accuracy": round(row.accuracy.mean, 6),
            "gain": round(row.verdicts[ACCURACY.name].difference, 6),
            "verdict": verdict_summary(row),
            "objective": scores[row.family],
        }
        for row in rows
        if row.variant == "tuned"
    }


def verdict_summary(row: VariantResult) -> str:
    better, worse = len(row.metrics_with(BETTER)), len(row.metrics_with(WORSE))
    return f"better on {better} of {len(row.verdicts)}" + (f", worse on {worse}" if worse else "")


def gains(row: VariantResult) -> dict[str, float]:
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
