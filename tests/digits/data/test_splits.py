from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digits.data import splits
from digits.data.dataset import Selection, Split
from tests.conftest import complaint

SIZES = st.lists(st.integers(20, 60), min_size=1, max_size=6)
TINY_TOO = st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any)
SHARES = st.floats(0.1, 0.9)
SEEDS = st.integers(1, 2**31 - 1)


def numbered(sizes: list[int]) -> Selection:
    """Shuffled labels."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int32)
    return Selection(Split(np.zeros((len(labels), 1, 1, 1), np.uint8), labels), np.arange(len(labels)))


def numbers(part: Selection) -> list[int]:
    return part.places.tolist()


def per_class(part: Selection, classes: int) -> np.ndarray:
    return np.bincount(part.labels, minlength=classes)


@given(SIZES, SHARES, SEEDS)
def test_each_image_goes_to_one_side_with_its_label(sizes, share, seed):
    whole = numbered(sizes)
    parts = splits.split_off(whole, share, seed, "testing")
    assert sorted(numbers(parts[0]) + numbers(parts[1])) == numbers(whole)
    for part in parts:
        assert part.labels.tolist() == whole.labels[numbers(part)].tolist()
        assert all(one < next_one for one, next_one in pairwise(numbers(part))), "in the order they had"


@given(SIZES, SHARES, SEEDS)
def test_each_class_is_shared_out_to_one_image_and_the_whole_exactly(sizes, share, seed):
    _, leaving = splits.split_off(numbered(sizes), share, seed, "testing")
    assert len(leaving) == round(share * sum(sizes))
    assert (np.abs(per_class(leaving, len(sizes)) - share * np.array(sizes)) <= 1 + 1e-9).all()


@given(TINY_TOO.map(lambda sizes: [size + (size == 1) for size in sizes]), st.floats(0.001, 0.999), SEEDS)
def test_of_two_or_more_images_of_a_class_some_stay_and_some_leave(sizes, share, seed):
    for part in splits.split_off(numbered(sizes), share, seed, "testing"):
        assert (per_class(part, len(sizes)) > 0).tolist() == [size > 0 for size in sizes]


def test_a_class_of_one_image_cannot_be_shared_out():
    said = complaint(splits.split_off, numbered([9, 1]), 0.1, 1, "validation")
    assert said.startswith("class 1 has one image, and validation needs another")


def test_the_same_seed_gives_the_same_images_and_another_seed_others():
    whole = numbered([50, 50, 100])
    one, same, other = (numbers(splits.split_off(whole, 0.2, seed, "testing")[1]) for seed in (1, 1, 2))
    assert one == same
    assert len(set(one) & set(other)) < len(one) / 2


def test_mnist_is_shared_out_as_the_committed_report_says():
    mnist = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    leaving = splits.apportion(0.1, np.array(mnist))
    assert leaving.sum() == 6_000
    assert leaving.tolist() == [592, 674, 596, 613, 585, 542, 592, 626, 585, 595]


@given(SIZES, SHARES, SEEDS)
def test_a_sample_is_a_share_of_each_class(sizes, share, seed):
    whole = numbered(sizes)
    part = splits.sample(whole, share, seed)
    assert set(numbers(part)) <= set(numbers(whole))
    assert (np.abs(per_class(part, len(sizes)) - share * np.array(sizes)) <= 1 + 1e-9).all()


def test_a_sample_of_next_to_nothing_can_still_be_split():
    part = splits.sample(numbered([500, 40, 2]), 0.0001, 1)
    assert per_class(part, 3).tolist() == [2, 2, 2]
    splits.split_off(part, 0.1, 1, "validation")


def test_a_sample_of_everything_is_everything():
    whole = numbered([3, 1])
    assert splits.sample(whole, 1, 1) is whole
