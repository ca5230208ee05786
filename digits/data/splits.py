"""Seeded, stratified splits: each class is split in the same proportion."""

import numpy as np

from digits.core.errors import UserError
from digits.data.dataset import Selection


def split_off(images: Selection, share: float, seed: int, purpose: str) -> tuple[Selection, Selection]:
    """Split into the images that remain and a share of each class, which is for `purpose`."""
    sizes = np.bincount(images.labels)
    if (singletons := np.flatnonzero(sizes == 1)).size:
        raise UserError(f"class {singletons[0]} has one image, and {purpose} needs another; add images of that class")
    mask = stratified_mask(images, apportion(share, sizes), seed)
    return images.take(~mask), images.take(mask)


def sample(images: Selection, share: float, seed: int) -> Selection:
    """Return a share of each class, at least two images of it, so that one can be split off for validation."""
    if share == 1:
        return images
    counts = np.maximum(2, apportion(share, np.bincount(images.labels)))
    return images.take(stratified_mask(images, counts, seed))


def apportion(share: float, sizes: np.ndarray) -> np.ndarray:
    """Return whole numbers close to a share of each size, at least 1 and at most size - 1.

    They sum to the share of the total unless these limits prevent it.
    """
    counts = np.diff(np.rint(share * np.cumsum(sizes)).astype(int), prepend=0)
    return np.clip(counts, np.minimum(sizes, 1), np.maximum(sizes - 1, 0))


def stratified_mask(images: Selection, counts: np.ndarray, seed: int) -> np.ndarray:
    """Return a mask of `counts[label]` random images of each label."""
    rng = np.random.default_rng(seed)
    mask = np.zeros(len(images), dtype=bool)
    for label, count in enumerate(counts):
        mask[rng.permutation(np.flatnonzero(images.labels == label))[:count]] = True
    return mask
