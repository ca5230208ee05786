"""Splits that do not change when images are added, removed or renamed.

The hash of an image's pixels, or of its group, decides its split. So equal images are always in the same split, and a
training image never becomes a test image. Shares are therefore approximate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digits.config.schema import Prepare
from digits.core.errors import UserError
from digits.data.dataset import Selection, Split, join_names
from digits.data.hashes import rehash, to_uniform

SUGGESTED_SEEDS = range(1, 101)
CONFIDENCE = 0.99  # that a class of the suggested size is in a split


@dataclass(frozen=True)
class HashedSplit:
    """Images of a source, with a hash of each image before resizing, and a hash of its group."""

    split: Split
    images: np.ndarray
    groups: np.ndarray  # those of the images where there are no groups

    def select(self, mask: np.ndarray) -> Selection:
        return Selection(self.split, np.flatnonzero(mask))


def split_images(
    train: HashedSplit, test: HashedSplit | None, prepare: Prepare, classes: Sequence[str]
) -> tuple[dict[str, Selection], Selection]:
    """Return the training, validation and test images, and those that are left out.

    The source's test images stay together if it has some. A training image is left out if an equal one or one of the
    same group is among them, or if equal images are in different splits, because their groups differ.
    """
    selections, left_out = select(train, test, prepare)
    for name, selection in selections.items():
        if missing := missing_labels(selection, len(classes)):
            problem = f"no image of {join_names([classes[label] for label in missing])} is in the {name} split"
            chance = prepare.share * (expected_shares(test, prepare)[name] or 1)
            seed = suggest_seed(train, test, prepare, len(classes))
            change = f", or set prepare.seed to {seed}, with which every split has all classes" if seed else ""
            raise UserError(f"{problem} ({needed_images(train, missing, classes, chance)}); add images{change}")
    return selections, left_out


def select(train: HashedSplit, test: HashedSplit | None, prepare: Prepare) -> tuple[dict[str, Selection], Selection]:
    shares = expected_shares(test, prepare)
    position = to_uniform(rehash(train.groups, f"split, seed {prepare.seed}"))
    part = np.searchsorted(np.cumsum(list(shares.values()))[:-1], position, side="right")
    usable = ~is_in_several_splits(train.images, part)
    if test:
        usable &= ~np.isin(train.images, test.images) & ~np.isin(train.groups, test.groups)
    sampled = is_sampled(train, prepare)
    selections = {name: train.select(sampled & usable & (part == index)) for index, name in enumerate(shares)}
    if test:
        selections["test"] = test.select(is_sampled(test, prepare))
    return selections, train.select(sampled & ~usable)


def expected_shares(test: HashedSplit | None, prepare: Prepare) -> dict[str, float]:
    """Return the share of each split in the source's training images."""
    test_share = 0 if test else prepare.test_share
    validation_share = (1 - test_share) * prepare.validation_share
    return {"train": 1 - test_share - validation_share, "validation": validation_share, "test": test_share}


def is_sampled(source: HashedSplit, prepare: Prepare) -> np.ndarray:
    return to_uniform(rehash(source.images, f"share, seed {prepare.seed}")) < prepare.share


def is_in_several_splits(images: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return whether each image or an equal one is in a different split, too."""
    unique, index = np.unique(images, return_inverse=True)
    lowest, highest = np.full(len(unique), part.max()), np.zeros(len(unique), int)
    np.minimum.at(lowest, index, part)
    np.maximum.at(highest, index, part)
    return (lowest != highest)[index]


def missing_labels(selection: Selection, n_classes: int) -> list[int]:
    return np.flatnonzero(np.bincount(selection.labels, minlength=n_classes) == 0).tolist()


def needed_images(train: HashedSplit, labels: list[int], classes: Sequence[str], chance: float) -> str:
    """Describe how many images the smallest class needs, if each is in the split with this chance."""
    sizes = {label: len(np.unique(train.groups[train.split.labels == label])) for label in labels}
    label = min(sizes, key=sizes.__getitem__)
    unit = "different image" if train.groups is train.images else "group"
    n_needed = math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - chance))
    size = f"{classes[label]} has {sizes[label]:,} {unit}{'' if sizes[label] == 1 else 's'}"
    return f"{size}; with a share of {100 * chance:.3g} %, {n_needed:,} are enough in {100 * CONFIDENCE:.0f} % of cases"


def suggest_seed(train: HashedSplit, test: HashedSplit | None, prepare: Prepare, n_classes: int) -> int | None:
    """Return the first seed with which every split has all classes, if there is one among the first hundred."""
    for seed in SUGGESTED_SEEDS:
        selections, _ = select(train, test, prepare.model_copy(update={"seed": seed}))
        if not any(missing_labels(selection, n_classes) for selection in selections.values()):
            return seed
    return None
