"""What verdicts and intervals say of simulated trainings, many times over: what benchmarks.statistics reports."""

from dataclasses import dataclass
from itertools import combinations
from zlib import crc32

import numpy as np

from benchmarks.simulation import Recipe, pair, same
from digits.common.paths import PREDICTIONS
from digits.comparison.intervals import accuracy
from digits.comparison.verdict import BETTER, NO_EVIDENCE, judge
from digits.evaluation.metrics import predictions, true_labels

IMAGES = 10_000
SEEDS = (2, 3, 5, 10)
SPREAD = 0.0005  # over the seeds, in the power curve
GAINS = (0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006)


@dataclass(frozen=True)
class Setting:
    mine: Recipe
    theirs: Recipe | None = None  # None: A/A, the same recipe with other seeds
    images: int = IMAGES

    def draw(self, rng: np.random.Generator, seeds: int) -> tuple[np.ndarray, ...]:
        if self.theirs is None:
            return same(rng, self.mine, seeds, self.images)
        return pair(rng, self.mine, self.theirs, seeds, self.images)

    @property
    def gain(self) -> float:
        return self.mine.accuracy - self.theirs.accuracy if self.theirs else 0.0

    @property
    def spreads(self) -> bool:
        return any(recipe.spread for recipe in (self.mine, self.theirs) if recipe)

    def __str__(self) -> str:
        other = f"against {self.theirs.accuracy:.1%} ± {100 * self.theirs.spread:.2f}" if self.theirs else "A/A"
        return f"{self.mine.accuracy:.1%} ± {100 * self.mine.spread:.2f} {other}, {self.images:,} images"


@dataclass(frozen=True)
class Found:
    setting: Setting
    seeds: int
    verdicts: float  # share of draws that say better or worse
    pair_coverage: float
    coverage: float  # of the intervals of single variants


SAME = tuple(
    Setting(Recipe(accuracy, spread))
    for accuracy, spread in (
        *((0.98, 0.0), (0.98, 0.001), (0.98, 0.0025), (0.99, 0.0), (0.99, 0.0005), (0.99, 0.001)),
        *((0.997, 0.0), (0.997, 0.0003)),
    )
)
EQUAL = (
    Setting(Recipe(0.98, 0.0), Recipe(0.98, 0.0025)),
    Setting(Recipe(0.99, 0.0), Recipe(0.99, 0.0)),
    Setting(Recipe(0.99, 0.0003), Recipe(0.99, 0.001)),
    Setting(Recipe(0.997, 0.0003), Recipe(0.997, 0.0006)),
)
DIFFERENT = (
    Setting(Recipe(0.991, 0.0003), Recipe(0.979, 0.0023)),
    Setting(Recipe(0.996, 0.0003), Recipe(0.991, 0.0006)),
)


def measure(setting: Setting, seeds: int, draws: int) -> Found:
    rng = np.random.default_rng([seeds, crc32(str(setting).encode())])
    said = covered = of_pair = 0
    for _ in range(draws):
        mine, theirs = setting.draw(rng, seeds)
        verdict = judge({"": (mine, theirs)})[""]
        own = accuracy(mine)
        said += verdict.verdict != NO_EVIDENCE
        of_pair += verdict.low <= setting.gain <= verdict.high
        covered += own.low <= setting.mine.accuracy <= own.high
    return Found(setting, seeds, said / draws, of_pair / draws, covered / draws)


def any_of_six(seeds: int, draws: int) -> float:
    """How often four groups of one recipe's seeds give any verdict at all, in six pairs."""
    rng = np.random.default_rng(6)
    setting, said = Setting(Recipe(0.99, 0.0005)), 0
    for _ in range(draws):
        both = np.concatenate(setting.draw(rng, 2 * seeds))
        groups = both.reshape(4, seeds, -1)
        pairs = {(a, b): (groups[a], groups[b]) for a, b in combinations(range(4), 2)}
        said += any(each.verdict != NO_EVIDENCE for each in judge(pairs).values())
    return said / draws


def plain_bootstrap(seeds: int, draws: int, resamples: int = 400) -> float:
    """The coverage that resampling seeds, then images, would have: why it is not what is used."""
    rng = np.random.default_rng(7)
    recipe, covered = Recipe(0.98, 0.0025), 0
    for _ in range(draws):
        wrong = ~same(rng, recipe, seeds, IMAGES)[0]
        wrong = wrong[:, wrong.any(axis=0)].astype(float)  # an image that all get right weighs nothing in the errors
        of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
        of_images = rng.poisson(1, (resamples, wrong.shape[1])) / IMAGES
        errors = ((of_images @ wrong.T) * of_seeds).sum(axis=1)
        low, high = np.quantile(errors, (0.025, 0.975))
        covered += low <= 1 - recipe.accuracy <= high
    return covered / draws


def power(draws: int) -> tuple[dict[int, list[float]], dict[int, float]]:
    """Share of verdicts "better" by true gain; and the gain that a verdict itself calls detectable, in the median."""
    curves, promised = {}, {}
    for seeds in SEEDS:
        rng = np.random.default_rng(seeds)
        said = [
            judge({"": pair(rng, Recipe(0.99 + gain, SPREAD), Recipe(0.99, SPREAD), seeds, IMAGES)})[""]
            for gain in GAINS
            for _ in range(draws)
        ]
        better = np.array([each.verdict == BETTER for each in said])
        curves[seeds] = better.reshape(len(GAINS), draws).mean(axis=1).tolist()
        promised[seeds] = float(np.median([each.detectable for each in said]))
    return curves, promised


def on_real_images(seeds: int, draws: int) -> list[tuple[str, float, int]]:
    """A/A with the trained models' own mistakes: by variant, false verdicts of drawn seeds, and of the trained ones.

    New images are drawn from the test images, and a new seed gets one wrong as often as the trained seeds did.
    """
    rng = np.random.default_rng(8)
    truth = true_labels()
    rows = []
    for variant, names in variants().items():
        right = np.stack([predictions(name).argmax(axis=1) == truth for name in names])
        chance = right.mean(axis=0)
        said = 0
        for _ in range(draws):
            images = rng.choice(chance, len(chance))
            both = np.ones((2 * seeds, len(images)), dtype=bool)
            unsure = np.flatnonzero(images < 1)
            both[:, unsure] = rng.random((2 * seeds, len(unsure)), dtype=np.float32) < images[unsure]
            said += judge({"": (both[:seeds], both[seeds:])})[""].verdict != NO_EVIDENCE
        trained = {(a, b): (right[[a]], right[[b]]) for a, b in combinations(range(len(right)), 2)}
        rows.append((variant, said / draws, sum(v.verdict != NO_EVIDENCE for v in judge(trained).values())))
    return rows


def variants() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted(PREDICTIONS.glob("*-*-*.npy")):
        found.setdefault(file.stem.rpartition("-")[0], []).append(file.stem)
    return found
