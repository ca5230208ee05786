"""Compare two revisions' predictions on the same test images, model by model and metric by metric."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from digits.comparison.comparison import ENSEMBLE_LABEL, FamilyVariant, Spread, judge_metrics
from digits.comparison.verdict import Verdict
from digits.core.paths import VARIANTS, model_name
from digits.evaluation.metrics import METRICS, Metric, Predictions, average, ensemble_name

MODEL = re.compile(rf"(?P<family>\w+)-(?P<variant>{'|'.join(VARIANTS)})-(?P<seed>\d+)")
ModelKey = tuple[str, str, int]  # family, variant, seed


@dataclass(frozen=True)
class RevisionPredictions:
    """What `evaluate` stored for the models of a revision."""

    labels: np.ndarray
    models: Mapping[ModelKey, Predictions]
    # Whether the ensembles of all seeds classify corrupted images correctly.
    ensemble_corrupted_correct: Mapping[FamilyVariant, np.ndarray] = field(default_factory=dict)

    @property
    def corrupted_shapes(self) -> set[tuple[int, ...]]:
        """Corruptions × severities × images; empty where nothing was stored for corrupted images."""
        return {
            predictions.corrupted_correct.shape
            for predictions in self.models.values()
            if predictions.corrupted_correct is not None
        }

    def without_corrupted_images(self) -> "RevisionPredictions":
        models = {key: replace(predictions, corrupted_correct=None) for key, predictions in self.models.items()}
        return RevisionPredictions(self.labels, models)

    def select(self, family_variant: FamilyVariant, seeds: tuple[int, ...]) -> tuple[Predictions, ...]:
        return tuple(self.models[*family_variant, seed] for seed in seeds)

    def ensemble(self, family_variant: FamilyVariant, seeds: tuple[int, ...]) -> tuple[Predictions]:
        """Return the ensemble of these seeds. Its results on corrupted images are known for all seeds only."""
        has_all_seeds = sum(key[:2] == family_variant for key in self.models) == len(seeds)
        corrupted_correct = self.ensemble_corrupted_correct.get(family_variant) if has_all_seeds else None
        return (average(self.select(family_variant, seeds), corrupted_correct),)


@dataclass(frozen=True)
class MetricRow:
    """A metric of a family's variant over the seeds that both revisions have, or of the ensemble of these seeds."""

    model: str
    seeds: tuple[int, ...]
    metric: Metric
    base: Spread
    head: Spread
    verdict: Verdict | None  # None: the predictions are identical


@dataclass(frozen=True)
class RevisionComparison:
    n_images: int
    rows: tuple[MetricRow, ...]  # one row, for the first metric, where a model's predictions are identical
    only_in_base: tuple[str, ...]
    only_in_head: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelPair:
    """The same models in base and head."""

    seeds: tuple[int, ...]
    base: tuple[Predictions, ...]
    head: tuple[Predictions, ...]

    @property
    def metrics(self) -> list[Metric]:
        return [metric for metric in METRICS if metric.available_for((*self.base, *self.head))]

    @property
    def differs(self) -> bool:
        has_corrupted = any(metric.needs_corrupted for metric in self.metrics)
        return any(
            not np.array_equal(base.probabilities, head.probabilities)
            or (has_corrupted and not np.array_equal(base.corrupted_correct, head.corrupted_correct))
            for base, head in zip(self.base, self.head, strict=True)
        )

    def row(self, model: str, metric: Metric, verdict: Verdict | None) -> MetricRow:
        base, head = (
            Spread.from_values([metric.mean(predictions) for predictions in models])
            for models in (self.base, self.head)
        )
        return MetricRow(model, self.seeds, metric, base, head, verdict)


def group_by_model(arrays: Mapping[str, np.ndarray]) -> RevisionPredictions:
    """Group the arrays, whose keys are file names such as `mlp-tuned-1` and `corrupted/mlp-tuned-1`, by model."""
    labels = arrays["labels"]
    models = {
        (match["family"], match["variant"], int(match["seed"])): Predictions(
            array, labels, arrays.get(f"corrupted/{name}")
        )
        for name, array in arrays.items()
        if (match := MODEL.fullmatch(name))
    }
    files = {(family, variant): f"corrupted/{ensemble_name(family, variant)}" for family, variant, _ in models}
    ensembles = {family_variant: arrays[file] for family_variant, file in files.items() if file in arrays}
    return RevisionPredictions(labels, models, ensembles)


def compare(base: RevisionPredictions, head: RevisionPredictions) -> RevisionComparison:
    """Compare predictions on the same test images."""
    pairs = dict(model_pairs(base, head))
    # Only models whose predictions differ count as comparisons in the correction for multiple testing.
    verdicts = judge_metrics({model: (pair.head, pair.base) for model, pair in pairs.items() if pair.differs})
    rows = (
        pair.row(model, metric, verdicts.get(model, {}).get(metric.name))
        for model, pair in pairs.items()
        for metric in (pair.metrics if model in verdicts else METRICS[:1])
    )
    return RevisionComparison(
        n_images=len(head.labels),
        rows=tuple(rows),
        only_in_base=tuple(model_name(*key) for key in sorted(base.models.keys() - head.models.keys())),
        only_in_head=tuple(model_name(*key) for key in sorted(head.models.keys() - base.models.keys())),
    )


def model_pairs(base: RevisionPredictions, head: RevisionPredictions) -> Iterator[tuple[str, ModelPair]]:
    """Yield each family's variants, then their ensembles, with the models that both revisions have."""
    common = sorted(base.models.keys() & head.models.keys())
    for family in dict.fromkeys(family for family, *_ in common):
        family_variants = [(family, variant) for variant in VARIANTS]
        common_seeds = {key: tuple(seed for *names, seed in common if tuple(names) == key) for key in family_variants}
        for key, seeds in common_seeds.items():
            if seeds:
                yield " ".join(key), ModelPair(seeds, base.select(key, seeds), head.select(key, seeds))
        for key, seeds in common_seeds.items():
            if len(seeds) > 1:
                ensembles = base.ensemble(key, seeds), head.ensemble(key, seeds)
                yield f"{' '.join(key)}{ENSEMBLE_LABEL}", ModelPair(seeds, *ensembles)
