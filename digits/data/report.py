"""Describe the prepared data: images per class, range of pixels, and duplicates within and between splits."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from digits.data.dataset import Split
from digits.data.hashes import hash_images


def describe(splits: Mapping[str, Split], n_left_out: int, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "shape": list(splits["train"].images.shape[1:]),
        "classes": list(classes),
        "splits": {name: describe_split(split, classes) for name, split in splits.items()},
        "left_out": n_left_out,
        "duplicates": count_duplicates(splits),
    }


def describe_split(split: Split, classes: tuple[str, ...]) -> dict[str, Any]:
    counts = np.bincount(split.labels, minlength=len(classes))
    return {
        "images": len(split),
        "per_class": {name: int(count) for name, count in zip(classes, counts, strict=True)},
        "pixels": {
            "min": int(split.images.min()),
            "max": int(split.images.max()),
            "mean": round(float(split.images.mean(dtype=np.float64)), 4),
        },
        "sha256": split.digest,
    }


def count_duplicates(splits: Mapping[str, Split]) -> dict[str, int]:
    """Count images that equal an earlier one pixel by pixel: of the same split, and of each earlier split."""
    hashes = {name: hash_images(split.images) for name, split in splits.items()}
    counts = {f"within {name}": len(values) - len(np.unique(values)) for name, values in hashes.items()}
    for earlier, later in combinations(hashes, 2):
        counts[f"{later} also in {earlier}"] = int(np.isin(hashes[later], hashes[earlier]).sum())
    return counts
