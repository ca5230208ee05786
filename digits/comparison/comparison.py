"""Baseline against tuned: what each variant of a family achieves, and what may be said of their difference."""

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
ACCURACY, *OTHERS = METRICS
T = TypeVar("T")
FamilyVariant = tuple[str, str]
Outputs = Mapping[FamilyVariant, Sequence[Predictions]]  # of each seed's model; of an ensemble one
Verdicts = Mapping[str, Verdict]  # by the metric's name


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
    """A family's variant over all seeds, or their ensemble; the verdicts compare it with the baseline's like.

    Sizes and costs are means over the seeds, whose models differ where each has a search of its own;
    an ensemble's sizes are sums.
    """

    family: str
    variant: str
    accuracy: Accuracy
    metrics: Mapping[str, Spread]  # the others
    validation_accuracy: Spread | None  # None for an ensemble, which predicted no validation image
    verdicts: Verdicts  # none for a baseline
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
        """The metrics on which it has this verdict."""
        return [name for name, each in self.verdicts.items() if each.verdict == verdict]


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    verdicts: Mapping[tuple[FamilyVariant, FamilyVariant], Verdicts]  # of the first over the second
    images: int
    searches: int  # one for all tuned models of a family, or one for each


def compare(results: Sequence[Result], outputs: Outputs, searches: int) -> Comparison:
    verdicts = judge_metrics({(mine, theirs): (outputs[mine], outputs[theirs]) for mine, theirs in pairs(outputs)})
    families = list(dict.fromkeys(family for family, _ in outputs))
    rows = []
    for family, variant in sorted(outputs, key=lambda key: families.index(key[0])):
        single = variant.removesuffix(ENSEMBLE)
        group = [result for result in results if (result.family, result.variant) == (family, single)]
        against_baseline = ((family, variant), (family, variant.replace("tuned", "baseline")))
        rows.append(row(group, variant, outputs[family, variant], verdicts.get(against_baseline, {})))
    return Comparison(tuple(rows), verdicts, len(next(iter(outputs.values()))[0].labels), searches)


def judge_metrics(asked: Mapping[T, tuple[Sequence[Predictions], Sequence[Predictions]]]) -> dict[T, Verdicts]:
    """Mine over theirs, by every metric that both sides can be measured by; corrected for all of them together."""
    found = judge(
        {
            (key, metric.name): Pair(metric.per_model(mine), metric.per_model(theirs), metric.smaller_is_better)
            for key, (mine, theirs) in asked.items()
            for metric in METRICS
            if metric.available_for([*mine, *theirs])
        }
    )
    return {key: {name: each for (of, name), each in found.items() if of == key} for key in asked}


def pairs(keys: Collection[FamilyVariant]) -> list[tuple[FamilyVariant, FamilyVariant]]:
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


def row(group: Sequence[Result], variant: str, outputs: Sequence[Predictions], verdicts: Verdicts) -> Row:
    one, single = group[0], variant == group[0].variant
    size = mean if single else sum
    measured = [result.metrics for result in group] if single else [measure(outputs[0])]
    return Row(
        family=one.family,
        variant=variant,
        accuracy=intervals.accuracy(ACCURACY.per_model(outputs)),
        metrics={metric.name: Spread.of([each[metric.name] for each in measured]) for metric in OTHERS},
        validation_accuracy=Spread.of([result.validation_accuracy for result in group]) if single else None,
        verdicts=verdicts,
        parameters=size(result.parameters for result in group),
        multiply_adds=size(result.multiply_adds for result in group),
        bytes=size(result.bytes for result in group),
        seeds=tuple(result.seed for result in group),
        epochs=one.epochs,
        training_tflop=round(fmean(result.training_tflop for result in group), 3),
    )


def mean(sizes: Iterable[int]) -> int:
    return round(fmean(sizes))


def columns(record: Result | Row) -> dict[str, Any]:
    """For a CSV file: each metric a column of its own, and each verdict; that on accuracy is just "verdict"."""
    tree: dict[str, Any] = {}
    for name, value in asdict(record).items():
        if name == "verdicts":
            tree |= {f"{metric}_verdict".removeprefix(f"{ACCURACY.name}_"): each for metric, each in value.items()}
        else:
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
        of_family = tree.setdefault(each.family, {})
        of_family[each.variant.replace(" ", "_")] = {
            **{name: round(number, 6) for name, number in (numbers | gains(each)).items()},
            "parameters": each.parameters,
            "multiply_adds": each.multiply_adds,
        }
    return tree


def summary_tree(rows: Sequence[Row], objectives: Mapping[str, float]) -> dict[str, Any]:
    """What `dvc exp show` lists: the tuned models of each family in four values, with their objective."""
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
    """Over the baseline: of accuracy with its interval, of the other metrics as they are, and on how many axes."""
    if not row.verdicts:
        return {}
    gain = row.verdicts[ACCURACY.name]
    others = {f"{name}_difference": each.difference for name, each in row.verdicts.items() if name != ACCURACY.name}
    counts = {"metrics_better": len(row.metrics_with(BETTER)), "metrics_worse": len(row.metrics_with(WORSE))}
    return {"gain": gain.difference, "gain_low": gain.low, "gain_high": gain.high} | others | counts
