"""What a reviewer asks of the data: how many of each class, what range, and whether test images were seen before."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from digits.data.dataset import Split


def describe(splits: Mapping[str, Split], classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "shape": list(splits["train"].images.shape[1:]),
        "classes": list(classes),
        "splits": {name: describe_split(split, classes) for name, split in splits.items()},
        "duplicates": duplicates(splits),
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


def duplicates(splits: Mapping[str, Split]) -> dict[str, int]:
    """Images that stand twice, to the last pixel: within a split, and in a later split again."""
    hashes = {name: image_hashes(split) for name, split in splits.items()}
    found = {f"within {name}": len(each) - len(set(each)) for name, each in hashes.items()}
    names = list(hashes)
    for place, name in enumerate(names):
        for later in names[place + 1 :]:
            seen = set(hashes[name])
            found[f"{later} also in {name}"] = sum(one in seen for one in hashes[later])
    return found


def image_hashes(split: Split) -> list[bytes]:
    return [hashlib.blake2b(image, digest_size=16).digest() for image in np.ascontiguousarray(split.images)]
