"""What a network is shown: each image once an epoch, in an order and with changes that the seed decides."""

from pathlib import Path

import numpy as np
import pytest

from digits.data import dataset
from digits.data.dataset import Split
from digits.training.batches import batches_in_order, tensor, training_batches
from tests.images import stripes
from tests.recipes import MLP


def orders(seed: int, epochs: int = 3) -> list[list[int]]:
    numbered = Split(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100, dtype=np.int32))
    epoch = training_batches(numbered, MLP, seed)
    return [[int(label) for _, labels in epoch(number) for label in labels] for number in range(epochs)]


def test_each_epoch_shows_each_image_once_in_a_new_order() -> None:
    first, second, third = orders(seed=1)
    assert sorted(first) == sorted(second) == sorted(third) == list(range(100))
    assert first != second != third != first


def test_augmentation_is_traced_once_for_all_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = []
    monkeypatch.setattr("digits.training.batches.augment", lambda images, *_: traced.append(images) or images)
    orders(seed=1)
    assert len(traced) == 1


def test_no_epoch_waits_for_tensorflows_autotuner() -> None:
    split = stripes(64)
    for each in (training_batches(split, MLP, 1)(1), batches_in_order(16, split.images)):
        assert each.options().autotune.enabled is False


def test_the_order_is_the_seeds() -> None:
    assert orders(seed=1) == orders(seed=1) != orders(seed=2)


def test_labels_stay_with_their_images() -> None:
    split = stripes(200)
    for images, labels in training_batches(split, MLP, 1)(1):
        assert (images.numpy().mean(axis=(2, 3)).argmax(axis=1) == 2 + 2 * labels.numpy()).all()


@pytest.mark.parametrize("size", [7, 20, 50])
def test_batches_in_order_hold_all_images_and_their_labels_once(size: int) -> None:
    split = stripes(40)
    images, labels = zip(*batches_in_order(size, split.images, split.labels), strict=True)
    assert [len(each) for each in labels] == [len(part) for part in np.split(split.labels, range(size, 40, size))]
    np.testing.assert_array_equal(np.concatenate(images), split.images)
    np.testing.assert_array_equal(np.concatenate(labels), split.labels)


def test_images_are_taken_from_their_file_without_a_copy_and_others_from_memory(tmp_path: Path) -> None:
    dataset.save(stripes(4), tmp_path)
    images = dataset.load(tmp_path).images
    taken = tensor(images)
    images[0] = 7
    assert (taken[0].numpy() == 7).all()
    elsewhere = images.copy()
    elsewhere.flags.writeable = False
    np.testing.assert_array_equal(tensor(elsewhere), images)
