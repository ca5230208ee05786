"""Better, worse, or no evidence: what may be said of a pair, and what could have been found at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import bdtr

from digits.comparison.intervals import Difference, difference

BETTER, WORSE, OPEN = "better", "worse", "open"
# Below 0.05, since with 2 or 3 seeds no p-value is exact: so at most 5 % of equals are told apart on any axis.
ALPHA = 0.025
POWER = 0.8

Key = TypeVar("Key")


@dataclass(frozen=True)
class Pair:
    """Of each, seeds × the same images: right or not, or a number."""

    mine: np.ndarray
    theirs: np.ndarray
    smaller_is_better: bool = False


@dataclass(frozen=True)
class Verdict:
    """Of mine over theirs. `difference` is mine less theirs, in no percent, whichever way is better; `p` and
    `detectable` allow for all pairs judged together."""

    verdict: str
    difference: float
    low: float
    high: float
    p: float
    detectable: float
    mcnemar: float | None  # where the pair is right or not
    seeds: tuple[int, int]
    images: int

    @property
    def of_recipes(self) -> bool:
        """Rather than of these very models: what other seeds would do can be said from two seeds on."""
        return min(self.seeds) > 1


def judge(pairs: Mapping[Key, Pair]) -> dict[Key, Verdict]:
    """All pairs and metrics of a report together: each further one is a further chance to be lucky."""
    found = {key: difference(pair.mine, pair.theirs) for key, pair in pairs.items()}
    corrected = holm([each.p() for each in found.values()])
    return {
        key: verdict(pairs[key], each, p, ALPHA / len(pairs))
        for (key, each), p in zip(found.items(), corrected, strict=True)
    }


def verdict(pair: Pair, found: Difference, p: float, alpha: float) -> Verdict:
    low, high = found.interval()
    right_or_not = pair.mine.dtype == pair.theirs.dtype == bool
    return Verdict(
        verdict=OPEN if p >= ALPHA else BETTER if (found.value < 0) == pair.smaller_is_better else WORSE,
        difference=found.value,
        low=low,
        high=high,
        p=p,
        detectable=found.detectable(alpha, POWER),
        mcnemar=over_models(mcnemar(pair.mine, pair.theirs)) if right_or_not else None,
        seeds=(len(pair.mine), len(pair.theirs)),
        images=pair.mine.shape[1],
    )


def holm(values: Sequence[float]) -> list[float]:
    """Holm's correction: p-values that may be held against one level, however many there are."""
    order = np.argsort(values, kind="stable")
    scaled = np.asarray(values)[order] * (len(values) - np.arange(len(values)))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return corrected.tolist()


def mcnemar(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Two-sided mid-p of each of my models (rows) against each of theirs (columns), on the same images."""
    informative = ~(mine.all(axis=0) & theirs.all(axis=0))
    mine, theirs = mine[:, informative], theirs[:, informative]
    won, lost = (a.astype(np.float64) @ (~b.T) for a, b in ((mine, theirs), (~mine, ~theirs)))
    fewer, discordant = np.minimum(won, lost), (won + lost).astype(np.int64)
    below = np.where(fewer > 0, bdtr(fewer - 1, discordant, 0.5), 0)
    return np.where(won == lost, 1, bdtr(fewer, discordant, 0.5) + below)


def over_models(values: np.ndarray) -> float:
    """One p-value of many: twice the median is right however they depend on each other."""
    return float(values.item() if values.size == 1 else min(1, 2 * np.median(values)))
