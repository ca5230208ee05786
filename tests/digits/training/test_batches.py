"""Batches: each image once per epoch, in an order that seed and epoch determine."""

from pathlib import Path

import numpy as np
import pytest

from digits.data import dataset
from digits.data.dataset import Split
from digits.training.batches import batches_in_order, to_tensor, training_batches
from tests.images import stripes
from tests.recipes import MLP


def orders(seed: int, epochs: int = 3) -> list[list[int]]:
    """Return the indices of the images in each epoch."""
    split = Split(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100, dtype=np.int32))
    batches = training_batches(split, MLP, seed)
    return [[int(label) for _, labels in batches(epoch) for label in labels] for epoch in range(epochs)]


def test_an_epoch_has_each_image_once_in_a_new_order() -> None:
    first, second, third = orders(seed=1)
    assert sorted(first) == sorted(second) == sorted(third) == list(range(100))
    assert first != second != third != first


def test_augmentation_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("digits.training.batches.augment", lambda images, *_: calls.append(images) or images)
    orders(seed=1)
    assert len(calls) == 1


def test_the_autotuner_is_off() -> None:
    split = stripes(64)
    for batches in (training_batches(split, MLP, 1)(1), batches_in_order(16, split.images)):
        assert batches.options().autotune.enabled is False


def test_the_seed_determines_the_order() -> None:
    assert orders(seed=1) == orders(seed=1) != orders(seed=2)


def test_labels_match_their_images() -> None:
    split = stripes(200)
    for images, labels in training_batches(split, MLP, 1)(1):
        assert (images.numpy().mean(axis=(2, 3)).argmax(axis=1) == 2 + 2 * labels.numpy()).all()


@pytest.mark.parametrize("size", [7, 20, 50])
def test_batches_in_order_hold_all_images_and_labels_once(size: int) -> None:
    split = stripes(40)
    images, labels = zip(*batches_in_order(size, split.images, split.labels), strict=True)
    assert [len(batch) for batch in labels] == [len(part) for part in np.split(split.labels, range(size, 40, size))]
    np.testing.assert_array_equal(np.concatenate(images), split.images)
    np.testing.assert_array_equal(np.concatenate(labels), split.labels)


def test_only_read_only_images_are_copied(tmp_path: Path) -> None:
    dataset.save(stripes(4), tmp_path)
    images = dataset.load(tmp_path).images
    tensor = to_tensor(images)
    images[0] = 7
    assert (tensor[0].numpy() == 7).all()
    read_only = images.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(to_tensor(read_only), images)
