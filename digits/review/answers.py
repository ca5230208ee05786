"""Old against new, model by model and metric by metric, from what each side's models answered on the same images."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from digits.comparison.comparison import ENSEMBLE, FamilyVariant, Spread, judge_metrics
from digits.comparison.verdict import Verdict
from digits.core.paths import VARIANTS, model_name
from digits.evaluation.metrics import METRICS, Metric, Predictions, average, ensemble_name

MODEL = re.compile(rf"(?P<family>\w+)-(?P<variant>{'|'.join(VARIANTS)})-(?P<seed>\d+)")
Model = tuple[str, str, int]  # family, variant, seed


@dataclass(frozen=True)
class Answers:
    labels: np.ndarray
    models: Mapping[Model, Predictions]
    # Of all seeds: right or not on corrupted images.
    ensembles: Mapping[FamilyVariant, np.ndarray] = field(default_factory=dict)

    @property
    def corrupted_images(self) -> set[tuple[int, ...]]:
        """Kinds × severities × images; nothing where no answers on such images were stored."""
        return {
            output.corrupted_correct.shape for output in self.models.values() if output.corrupted_correct is not None
        }

    def without_corrupted_images(self) -> "Answers":
        return Answers(
            self.labels, {model: replace(output, corrupted_correct=None) for model, output in self.models.items()}
        )

    def of(self, recipe: FamilyVariant, seeds: tuple[int, ...]) -> tuple[Predictions, ...]:
        return tuple(self.models[*recipe, seed] for seed in seeds)

    def together(self, recipe: FamilyVariant, seeds: tuple[int, ...]) -> tuple[Predictions]:
        all_seeds = sum(model[:2] == recipe for model in self.models) == len(seeds)
        return (average(self.of(recipe, seeds), self.ensembles.get(recipe) if all_seeds else None),)


@dataclass(frozen=True)
class Line:
    """A metric of a family's variant over the seeds that both sides have, or of the ensemble of these."""

    model: str
    seeds: tuple[int, ...]
    metric: Metric
    old: Spread
    new: Spread
    verdict: Verdict | None  # None: not one answer differs


@dataclass(frozen=True)
class Comparison:
    images: int
    lines: tuple[Line, ...]  # of a model whose answers are the same, the first metric's alone
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    notes: tuple[str, ...] = ()  # on what was, and was not, compared


@dataclass(frozen=True)
class Match:
    seeds: tuple[int, ...]
    old: tuple[Predictions, ...]
    new: tuple[Predictions, ...]

    @property
    def metrics(self) -> list[Metric]:
        return [metric for metric in METRICS if metric.available_for((*self.old, *self.new))]

    @property
    def differs(self) -> bool:
        hard = any(metric.needs_corrupted for metric in self.metrics)
        return any(
            not np.array_equal(old.probabilities, new.probabilities)
            or (hard and not np.array_equal(old.corrupted_correct, new.corrupted_correct))
            for old, new in zip(self.old, self.new, strict=True)
        )

    def line(self, model: str, metric: Metric, verdict: Verdict | None) -> Line:
        old, new = (Spread.from_values([metric.mean(output) for output in side]) for side in (self.old, self.new))
        return Line(model, self.seeds, metric, old, new, verdict)


def answers(arrays: Mapping[str, np.ndarray]) -> Answers:
    """By the names of their files."""
    labels = arrays["labels"]
    models = {
        (match["family"], match["variant"], int(match["seed"])): Predictions(
            array, labels, arrays.get(f"corrupted/{name}")
        )
        for name, array in arrays.items()
        if (match := MODEL.fullmatch(name))
    }
    files = {(family, variant): f"corrupted/{ensemble_name(family, variant)}" for family, variant, _ in models}
    return Answers(labels, models, {recipe: arrays[file] for recipe, file in files.items() if file in arrays})


def compare(old: Answers, new: Answers) -> Comparison:
    """Both asked about the same test images."""
    matches = dict(matching(old, new))
    # A model that answers as before is no further chance to be lucky: only those that differ are judged together.
    judged = judge_metrics({model: (match.new, match.old) for model, match in matches.items() if match.differs})
    lines = (
        match.line(model, metric, judged.get(model, {}).get(metric.name))
        for model, match in matches.items()
        for metric in (match.metrics if model in judged else METRICS[:1])
    )
    return Comparison(
        images=len(new.labels),
        lines=tuple(lines),
        only_old=tuple(model_name(*model) for model in sorted(old.models.keys() - new.models.keys())),
        only_new=tuple(model_name(*model) for model in sorted(new.models.keys() - old.models.keys())),
    )


def matching(old: Answers, new: Answers) -> Iterator[tuple[str, Match]]:
    """Each family's recipes, then their ensembles."""
    both = sorted(old.models.keys() & new.models.keys())
    for family in dict.fromkeys(family for family, *_ in both):
        recipes = [(family, variant) for variant in VARIANTS]
        shared = {recipe: tuple(seed for *of, seed in both if tuple(of) == recipe) for recipe in recipes}
        for recipe, seeds in shared.items():
            if seeds:
                yield " ".join(recipe), Match(seeds, old.of(recipe, seeds), new.of(recipe, seeds))
        for recipe, seeds in shared.items():
            if len(seeds) > 1:
                yield (
                    f"{' '.join(recipe)}{ENSEMBLE}",
                    Match(seeds, *(each.together(recipe, seeds) for each in (old, new))),
                )
