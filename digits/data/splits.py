"""Seeded, stratified splits: each class is shared out in the same proportion, and each image goes to one side."""

import numpy as np

from digits.core.errors import UserError
from digits.data.dataset import Selection


def split_off(split: Selection, share: float, seed: int, what: str) -> tuple[Selection, Selection]:
    """What stays, and a share of each class that leaves."""
    sizes = np.bincount(split.labels)
    leaving = apportion(share, sizes)
    if (short := np.flatnonzero(sizes == 1)).size:
        raise UserError(f"class {short[0]} has one image, and {what} needs another; add images of that class")
    leaves = chosen(split, leaving, seed)
    return split.take(~leaves), split.take(leaves)


def sample(split: Selection, share: float, seed: int) -> Selection:
    """A share of each class, at least two images of it: one may still leave for validation."""
    if share == 1:
        return split
    return split.take(chosen(split, np.maximum(2, apportion(share, np.bincount(split.labels))), seed))


def apportion(share: float, sizes: np.ndarray) -> np.ndarray:
    """A share of each size in whole numbers: some, never all, and in sum the share of the sum wherever that can be."""
    counts = np.diff(np.rint(share * np.cumsum(sizes)).astype(int), prepend=0)
    return np.clip(counts, np.minimum(sizes, 1), np.maximum(sizes - 1, 0))


def chosen(split: Selection, counts: np.ndarray, seed: int) -> np.ndarray:
    """A mask of as many images of each class as `counts` says."""
    random = np.random.default_rng(seed)
    mask = np.zeros(len(split), dtype=bool)
    for label, count in enumerate(counts):
        mask[random.permutation(np.flatnonzero(split.labels == label))[:count]] = True
    return mask
