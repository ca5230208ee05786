import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits.config.schema import Prepare
from digits.data.dataset import Split
from digits.data.hashes import hash_groups, hash_images
from digits.data.splits import HashedSplit, split_images
from tests.conftest import error_message

CLASSES = ("cat", "dog", "owl")
SEEDS = st.integers(1, 2**31 - 1)
SHARES = st.floats(0.1, 0.9)


def prepare(**changes: float) -> Prepare:
    return Prepare.model_validate({"validation_share": 0.1, "test_share": 0.15, "share": 1.0, "seed": 1} | changes)


def source(numbers: list[int], groups: list[int] | None = None) -> HashedSplit:
    """Return an image for each number; equal numbers are equal images. The number modulo 3 is the class."""
    values = np.array(numbers, np.uint32)
    images = values.view(np.uint8).reshape(-1, 4, 1, 1)
    hashes = hash_images(images)
    split = Split(images, (values % 3).astype(np.int32))
    return HashedSplit(split, hashes, hashes if groups is None else hash_groups(groups))


def sides(train: HashedSplit, test: HashedSplit | None = None, **changes: float) -> dict[str, set[bytes]]:
    """Return the different images of each split, and those that are left out."""
    selections, left_out = split_images(train, test, prepare(**changes), CLASSES)
    return {
        name: {selection.split.images[index].tobytes() for index in selection.indices}
        for name, selection in {**selections, "left out": left_out}.items()
    }


def many(n_images: int = 1200, start: int = 0) -> list[int]:
    return list(range(start, start + n_images))


def test_every_image_is_in_one_split_with_its_label_and_in_the_order_of_the_source():
    train = source(many())
    selections, left_out = split_images(train, None, prepare(), CLASSES)
    assert list(selections) == ["train", "validation", "test"]
    assert not len(left_out)
    indices = np.concatenate([selection.indices for selection in selections.values()])
    assert sorted(indices.tolist()) == list(range(len(train.images)))
    for selection in selections.values():
        assert (np.diff(selection.indices) > 0).all()
        assert (selection.labels == train.split.labels[selection.indices]).all()


@given(SEEDS, SHARES, SHARES)
def test_shares_are_met_up_to_chance(seed, validation_share, test_share):
    shares = {"seed": seed, "validation_share": validation_share, "test_share": test_share}
    selections, _ = split_images(source(many()), None, prepare(**shares), CLASSES)
    expected = {"test": 1200 * test_share, "validation": 1200 * (1 - test_share) * validation_share}
    for name, n_images in expected.items():
        assert abs(len(selections[name]) - n_images) < 5 * np.sqrt(n_images)


@given(st.sets(st.integers(0, 10_000), max_size=400), st.sets(st.integers(0, 1199), max_size=400), st.randoms())
def test_no_image_moves_when_images_are_added_removed_and_reordered(added, removed, random):
    before = sides(source(many()))
    numbers = sorted({*many(), *added} - removed)
    random.shuffle(numbers)
    after = sides(source(numbers))
    for name, images in before.items():
        elsewhere = set.union(*(after[other] for other in after if other != name))
        assert not images & elsewhere


@given(st.lists(st.integers(0, 300), min_size=50, max_size=200))
def test_equal_images_are_in_the_same_split(numbers):
    images = sides(source(many() + numbers))
    assert sum(map(len, images.values())) == len({*many(), *numbers})


@given(SEEDS, st.integers(0, 1000))
def test_groups_stay_together_and_do_not_move_when_images_are_added(seed, start):
    def splits_of_groups(numbers: list[int]) -> dict[int, set[str]]:
        train = source(numbers, [number // 10 for number in numbers])
        selections, left_out = split_images(train, None, prepare(seed=seed), CLASSES)
        assert not len(left_out)
        groups: dict[int, set[str]] = {}
        for name, selection in selections.items():
            for index in selection.indices:
                groups.setdefault(numbers[index] // 10, set()).add(name)
        return groups

    before, after = splits_of_groups(many()), splits_of_groups(many() + many(500, 1200 + start))
    assert all(len(names) == 1 for names in after.values())
    assert before == {group: after[group] for group in before}


def test_an_image_in_groups_of_different_splits_is_left_out():
    numbers = many() + [0] * 40
    images = sides(source(numbers, list(range(1200)) + list(range(5000, 5040))))
    assert images["left out"] == {np.uint32(0).tobytes()}
    assert sum(map(len, images.values())) == 1200


def test_the_test_images_of_the_source_stay_together_and_leave_the_other_splits():
    images = sides(source(many()), source([*many(50), 10_000, 10_001, 10_002]))
    assert len(images["test"]) == 53
    assert images["left out"] == {np.uint32(number).tobytes() for number in range(50)}
    assert len(images["train"] | images["validation"]) == 1150


def test_groups_of_the_sources_test_images_leave_the_other_splits():
    train = source(many(), [number // 10 for number in many()])
    images = sides(train, source([10_000, 10_001, 10_002], [7, 7, 8]))
    assert images["left out"] == {np.uint32(number).tobytes() for number in range(70, 90)}


def test_a_seed_determines_the_images():
    first, repeated, other = (sides(source(many()), seed=seed)["test"] for seed in (1, 1, 2))
    assert first == repeated
    assert len(first & other) < len(first) / 2


def test_a_share_takes_the_same_images_from_every_split():
    everything, half = (sides(source(many()), source(many(600, 5000)), share=share) for share in (1, 0.5))
    for name in ("train", "validation", "test"):
        assert half[name] < everything[name]
        assert len(half[name]) == pytest.approx(len(everything[name]) / 2, rel=0.25)


def test_a_missing_class_is_an_error_that_names_the_needed_images_and_a_seed():
    numbers = [number for number in many(600) if number % 3 < 2] + [2, 5, 8]
    error = error_message(split_images, source(numbers), None, prepare(), CLASSES)
    assert error.startswith(
        "no image of owl is in the validation split (owl has 3 different images; with a share of 8.5 %, 52 are enough "
        "in 99 % of cases); add images, or set prepare.seed to "
    )
    seed = int(error.split("prepare.seed to ")[1].split(",")[0])
    assert all(len(images) for name, images in sides(source(numbers), seed=seed).items() if name != "left out")


def test_no_seed_is_suggested_if_a_class_is_too_small_for_all_splits():
    error = error_message(split_images, source([*many(), 1, 2]), None, prepare(), (*CLASSES, "yak"))
    assert error.startswith("no image of yak is in the train split (yak has 0 different images;")
    assert error.endswith("add images")


def test_the_needed_groups_of_a_class_are_counted():
    train = source(many(300), [number % 3 for number in many(300)])
    assert "has 1 group; with a share of" in error_message(split_images, train, None, prepare(), CLASSES)
