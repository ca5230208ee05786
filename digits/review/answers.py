"""Old against new, model by model, from what each side's models answered on the same test images."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from digits.common.paths import VARIANTS, model_name
from digits.comparison.comparison import ENSEMBLE, Spread
from digits.comparison.verdict import Verdict, judge

MODEL = re.compile(rf"(?P<family>\w+)-(?P<variant>{'|'.join(VARIANTS)})-(?P<seed>\d+)")
Model = tuple[str, str, int]  # family, variant, seed


@dataclass(frozen=True)
class Answers:
    truth: np.ndarray
    models: Mapping[Model, np.ndarray]  # probabilities: test images × classes


@dataclass(frozen=True)
class Line:
    """A family's variant over the seeds that both sides have, or the ensemble of these."""

    family: str
    variant: str
    seeds: tuple[int, ...]
    old: Spread
    new: Spread
    verdict: Verdict | None  # None: not one probability differs

    def __str__(self) -> str:
        return f"{self.family} {self.variant}"


@dataclass(frozen=True)
class Comparison:
    images: int
    lines: tuple[Line, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    family: str
    variant: str
    seeds: tuple[int, ...]
    old: np.ndarray  # probabilities: seeds × test images × classes
    new: np.ndarray

    def together(self) -> "Pair":
        old, new = (each.mean(axis=0, keepdims=True, dtype=np.float64) for each in (self.old, self.new))
        return Pair(self.family, f"{self.variant}{ENSEMBLE}", self.seeds, old, new)


def answers(arrays: Mapping[str, np.ndarray]) -> Answers:
    """By the names of their files."""
    matches = {name: MODEL.fullmatch(name) for name in arrays}
    models = {(m["family"], m["variant"], int(m["seed"])): arrays[name] for name, m in matches.items() if m}
    return Answers(arrays["labels"], models)


def compare(old: Answers, new: Answers) -> Comparison:
    """Both asked about the same test images."""
    pairs = {(pair.family, pair.variant): pair for pair in paired(old, new)}
    # A model that answers as before is no further chance to be lucky: only those that differ are judged together.
    differing = {key: pair for key, pair in pairs.items() if not np.array_equal(pair.old, pair.new)}
    right = {key: (correct(pair.new, new.truth), correct(pair.old, old.truth)) for key, pair in differing.items()}
    verdicts = judge(right) if right else {}
    return Comparison(
        images=len(new.truth),
        lines=tuple(line(pair, new.truth, verdicts.get(key)) for key, pair in pairs.items()),
        only_old=tuple(model_name(*model) for model in sorted(old.models.keys() - new.models.keys())),
        only_new=tuple(model_name(*model) for model in sorted(new.models.keys() - old.models.keys())),
    )


def correct(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return probabilities.argmax(axis=2) == truth


def line(pair: Pair, truth: np.ndarray, verdict: Verdict | None) -> Line:
    old, new = (Spread.of(correct(each, truth).mean(axis=1).tolist()) for each in (pair.old, pair.new))
    return Line(pair.family, pair.variant, pair.seeds, old, new, verdict)


def paired(old: Answers, new: Answers) -> Iterator[Pair]:
    both = old.models.keys() & new.models.keys()
    for family in sorted({family for family, *_ in both}):
        recipes = []
        for variant in VARIANTS:
            models = sorted(model for model in both if model[:2] == (family, variant))
            if models:
                stacks = (np.stack([each.models[model] for model in models]) for each in (old, new))
                recipes.append(Pair(family, variant, tuple(seed for *_, seed in models), *stacks))
        yield from recipes
        yield from (pair.together() for pair in recipes if len(pair.seeds) > 1)
