from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digits.data import splits
from digits.data.dataset import Selection, Split
from tests.conftest import complaint

SIZES = st.lists(st.integers(20, 60), min_size=1, max_size=6)
SMALL_SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any)
SHARES = st.floats(0.1, 0.9)
SEEDS = st.integers(1, 2**31 - 1)


def select_all(sizes: list[int]) -> Selection:
    """Return as many images of each class as `sizes` states, in random order."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int32)
    return Selection(Split(np.zeros((len(labels), 1, 1, 1), np.uint8), labels), np.arange(len(labels)))


def indices(selection: Selection) -> list[int]:
    return selection.indices.tolist()


def per_class(selection: Selection, n_classes: int) -> np.ndarray:
    return np.bincount(selection.labels, minlength=n_classes)


@given(SIZES, SHARES, SEEDS)
def test_each_image_is_on_one_side_with_its_label(sizes, share, seed):
    images = select_all(sizes)
    sides = splits.split_off(images, share, seed, "testing")
    assert sorted(indices(sides[0]) + indices(sides[1])) == indices(images)
    for side in sides:
        assert side.labels.tolist() == images.labels[indices(side)].tolist()
        assert all(index < next_index for index, next_index in pairwise(indices(side))), "in the original order"


@given(SIZES, SHARES, SEEDS)
def test_a_split_is_exact_in_total_and_within_one_image_per_class(sizes, share, seed):
    _, split_off = splits.split_off(select_all(sizes), share, seed, "testing")
    assert len(split_off) == round(share * sum(sizes))
    assert (np.abs(per_class(split_off, len(sizes)) - share * np.array(sizes)) <= 1 + 1e-9).all()


@given(SMALL_SIZES.map(lambda sizes: [size + (size == 1) for size in sizes]), st.floats(0.001, 0.999), SEEDS)
def test_a_class_of_two_or_more_images_is_on_both_sides(sizes, share, seed):
    for side in splits.split_off(select_all(sizes), share, seed, "testing"):
        assert (per_class(side, len(sizes)) > 0).tolist() == [size > 0 for size in sizes]


def test_a_class_of_one_image_cannot_be_split():
    error = complaint(splits.split_off, select_all([9, 1]), 0.1, 1, "validation")
    assert error.startswith("class 1 has one image, and validation needs another")


def test_a_seed_determines_the_images():
    images = select_all([50, 50, 100])
    first, repeated, other = (indices(splits.split_off(images, 0.2, seed, "testing")[1]) for seed in (1, 1, 2))
    assert first == repeated
    assert len(set(first) & set(other)) < len(first) / 2


def test_mnist_is_split_as_in_the_committed_report():
    class_sizes = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    counts = splits.apportion(0.1, np.array(class_sizes))
    assert counts.sum() == 6_000
    assert counts.tolist() == [592, 674, 596, 613, 585, 542, 592, 626, 585, 595]


@given(SIZES, SHARES, SEEDS)
def test_a_sample_is_a_share_of_each_class(sizes, share, seed):
    images = select_all(sizes)
    sample = splits.sample(images, share, seed)
    assert set(indices(sample)) <= set(indices(images))
    assert (np.abs(per_class(sample, len(sizes)) - share * np.array(sizes)) <= 1 + 1e-9).all()


def test_a_tiny_sample_can_still_be_split():
    sample = splits.sample(select_all([500, 40, 2]), 0.0001, 1)
    assert per_class(sample, 3).tolist() == [2, 2, 2]
    splits.split_off(sample, 0.1, 1, "validation")


def test_a_sample_of_share_1_is_the_selection():
    images = select_all([3, 1])
    assert splits.sample(images, 1, 1) is images
