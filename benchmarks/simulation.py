"""Trainings that cost nothing: which test images a recipe's models would get right, with the true accuracy known. And
what verdicts and intervals say of them, drawn many times over.

An image is got wrong where its difficulty, the seed's luck and this seed's luck with this image together pass a
threshold, all three normally distributed. So most mistakes are on few hard images, as with the real models, where
two seeds' mistakes correlate with 0.58 to 0.74 and two recipes' with 0.4 to 0.6.
"""

from dataclasses import dataclass
from itertools import combinations
from math import exp, pi, sqrt
from zlib import crc32

import numpy as np
from scipy.special import ndtri

from digits.common.paths import PREDICTIONS
from digits.comparison.intervals import accuracy
from digits.comparison.verdict import BETTER, NO_EVIDENCE, Verdict, judge
from digits.evaluation.metrics import predictions, true_labels

IMAGES = 10_000
SEEDS = (2, 3, 5, 10)
SPREAD = 0.0005  # over the seeds, in the power curve
GAINS = (0, 0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.005, 0.006)
DIFFICULTY = 4.0  # against 1 for a seed's luck with an image
KINSHIP = 0.9  # of the difficulty of an image for two recipes
NEVER_WRONG = 5.0  # below the threshold by so much, an image is right whatever happens


@dataclass(frozen=True)
class SimulatedRecipe:
    accuracy: float
    spread: float = 0.0  # standard deviation over the seeds of the true accuracy

    @property
    def scale(self) -> float:
        return sqrt(DIFFICULTY**2 + 1 + self.luck**2)

    @property
    def luck(self) -> float:
        """The seed's, such that accuracies spread as wanted: by the slope of the normal distribution there."""
        scale = sqrt(DIFFICULTY**2 + 1)
        return self.spread * scale * sqrt(2 * pi) * exp(ndtri(self.accuracy) ** 2 / 2)

    @property
    def threshold(self) -> float:
        return self.scale * float(ndtri(self.accuracy))

    def correct(self, rng: np.random.Generator, difficulty: np.ndarray, seeds: int) -> np.ndarray:
        """Seeds × images."""
        luck = np.float32(self.luck) * rng.standard_normal((seeds, 1), dtype=np.float32)
        right = np.ones((seeds, len(difficulty)), dtype=bool)
        hard = np.flatnonzero(difficulty > self.threshold - NEVER_WRONG - luck.max())
        noise = rng.standard_normal((seeds, len(hard)), dtype=np.float32)
        right[:, hard] = difficulty[hard] + luck + noise < self.threshold
        return right


@dataclass(frozen=True)
class Setting:
    mine: SimulatedRecipe
    theirs: SimulatedRecipe | None = None  # None: A/A, the same recipe with other seeds
    images: int = IMAGES

    def draw(self, rng: np.random.Generator, seeds: int) -> tuple[np.ndarray, np.ndarray]:
        if self.theirs is None:
            difficulty = DIFFICULTY * rng.standard_normal(self.images, dtype=np.float32)
            both = self.mine.correct(rng, difficulty, 2 * seeds)
            return both[:seeds], both[seeds:]
        common, *own = rng.standard_normal((3, self.images), dtype=np.float32)
        mine, theirs = (DIFFICULTY * (sqrt(KINSHIP) * common + sqrt(1 - KINSHIP) * each) for each in own)
        return self.mine.correct(rng, mine, seeds), self.theirs.correct(rng, theirs, seeds)

    @property
    def gain(self) -> float:
        return self.mine.accuracy - self.theirs.accuracy if self.theirs else 0.0

    @property
    def spreads(self) -> bool:
        return any(recipe.spread for recipe in (self.mine, self.theirs) if recipe)

    def __str__(self) -> str:
        other = f"against {self.theirs.accuracy:.1%} ± {100 * self.theirs.spread:.2f}" if self.theirs else "A/A"
        return f"{self.mine.accuracy:.1%} ± {100 * self.mine.spread:.2f} {other}, {self.images:,} images"


def settings(*pairs: tuple[tuple[float, float], ...]) -> tuple[Setting, ...]:
    """Each recipe as its accuracy and its spread."""
    return tuple(Setting(*(SimulatedRecipe(*recipe) for recipe in pair)) for pair in pairs)


SAME = settings(
    *(((0.98, spread),) for spread in (0.0, 0.001, 0.0025)),
    *(((0.99, spread),) for spread in (0.0, 0.0005, 0.001)),
    *(((0.997, spread),) for spread in (0.0, 0.0003)),
)
EQUAL = settings(
    ((0.98, 0.0), (0.98, 0.0025)),
    ((0.99, 0.0), (0.99, 0.0)),
    ((0.99, 0.0003), (0.99, 0.001)),
    ((0.997, 0.0003), (0.997, 0.0006)),
)
DIFFERENT = settings(
    ((0.991, 0.0003), (0.979, 0.0023)),
    ((0.996, 0.0003), (0.991, 0.0006)),
)


@dataclass(frozen=True)
class Shares:
    """Of the draws of a setting."""

    setting: Setting
    seeds: int
    verdicts: float  # that say better or worse
    pair_coverage: float
    coverage: float  # by the intervals of single variants


def measure(setting: Setting, seeds: int, draws: int) -> Shares:
    rng = np.random.default_rng([seeds, crc32(str(setting).encode())])
    said = covered = of_pair = 0
    for _ in range(draws):
        mine, theirs = setting.draw(rng, seeds)
        verdict, own = verdict_of(mine, theirs), accuracy(mine)
        said += verdict.verdict != NO_EVIDENCE
        of_pair += verdict.low <= setting.gain <= verdict.high
        covered += own.low <= setting.mine.accuracy <= own.high
    return Shares(setting, seeds, said / draws, of_pair / draws, covered / draws)


def verdict_of(mine: np.ndarray, theirs: np.ndarray) -> Verdict:
    return judge({"": (mine, theirs)})[""]


def any_of_six(seeds: int, draws: int) -> float:
    """How often four groups of one recipe's seeds give any verdict at all, in six pairs."""
    rng = np.random.default_rng(6)
    setting, said = Setting(SimulatedRecipe(0.99, 0.0005)), 0
    for _ in range(draws):
        groups = np.concatenate(setting.draw(rng, 2 * seeds)).reshape(4, seeds, -1)
        said += verdicts_between(groups) > 0
    return said / draws


def plain_bootstrap(seeds: int, draws: int, resamples: int = 400) -> float:
    """The coverage that resampling seeds, then images, would have: why it is not what is used."""
    rng = np.random.default_rng(7)
    setting, covered = Setting(SimulatedRecipe(0.98, 0.0025)), 0
    for _ in range(draws):
        wrong = ~setting.draw(rng, seeds)[0]
        wrong = wrong[:, wrong.any(axis=0)].astype(float)  # an image that all get right weighs nothing in the errors
        of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
        of_images = rng.poisson(1, (resamples, wrong.shape[1])) / IMAGES
        errors = ((of_images @ wrong.T) * of_seeds).sum(axis=1)
        low, high = np.quantile(errors, (0.025, 0.975))
        covered += low <= 1 - setting.mine.accuracy <= high
    return covered / draws


def power(draws: int) -> tuple[dict[int, list[float]], dict[int, float]]:
    """Share of verdicts "better" by true gain; and the gain that a verdict itself calls detectable, in the median."""
    curves, promised = {}, {}
    pairs = [Setting(SimulatedRecipe(0.99 + gain, SPREAD), SimulatedRecipe(0.99, SPREAD)) for gain in GAINS]
    for seeds in SEEDS:
        rng = np.random.default_rng(seeds)
        said = [verdict_of(*pair.draw(rng, seeds)) for pair in pairs for _ in range(draws)]
        better = np.array([each.verdict == BETTER for each in said])
        curves[seeds] = better.reshape(len(GAINS), draws).mean(axis=1).tolist()
        promised[seeds] = float(np.median([each.detectable for each in said]))
    return curves, promised


def on_real_images(seeds: int, draws: int) -> list[tuple[str, float, int]]:
    """A/A with the trained models' own mistakes: by variant, false verdicts of drawn seeds, and of the trained ones.

    New images are drawn from the test images, and a new seed gets one wrong as often as the trained seeds did.
    """
    rng, rows, variants = np.random.default_rng(8), [], {}
    for file in sorted(PREDICTIONS.glob("*-*-*.npy")):
        variants.setdefault(file.stem.rpartition("-")[0], []).append(file.stem)
    for variant, names in variants.items():
        right = np.stack([predictions(name).argmax(axis=1) == true_labels() for name in names])
        chance, said = right.mean(axis=0), 0
        for _ in range(draws):
            images = rng.choice(chance, len(chance))
            both = np.ones((2 * seeds, len(images)), dtype=bool)
            unsure = np.flatnonzero(images < 1)
            both[:, unsure] = rng.random((2 * seeds, len(unsure)), dtype=np.float32) < images[unsure]
            said += verdict_of(both[:seeds], both[seeds:]).verdict != NO_EVIDENCE
        rows.append((variant, said / draws, verdicts_between(right[:, np.newaxis])))
    return rows


def verdicts_between(groups: np.ndarray) -> int:
    """How many of the pairs of these groups of seeds are said to differ."""
    pairs = {(a, b): (groups[a], groups[b]) for a, b in combinations(range(len(groups)), 2)}
    return sum(each.verdict != NO_EVIDENCE for each in judge(pairs).values())
