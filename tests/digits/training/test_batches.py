"""What a network is shown: each image once an epoch, in an order and with changes that the seed decides."""

import numpy as np
import pytest
import tensorflow as tf

from digits.data.dataset import Split
from digits.training.batches import augment, batches_in_order, training_batches
from tests.images import stripes
from tests.recipes import AUGMENTED, MLP


def orders(seed: int, epochs: int = 3) -> list[list[int]]:
    numbered = Split(np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1), np.arange(100, dtype=np.int32))
    epoch = training_batches(numbered, MLP, seed)
    return [[int(label) for _, labels in epoch(number) for label in labels] for number in range(epochs)]


def test_each_epoch_shows_each_image_once_in_a_new_order() -> None:
    first, second, third = orders(seed=1)
    assert sorted(first) == sorted(second) == sorted(third) == list(range(100))
    assert first != second != third != first


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


KEY = tf.constant([1, 2])


def test_augmentation_by_nothing_changes_nothing() -> None:
    images = stripes(8).images
    np.testing.assert_allclose(augment(tf.constant(images), MLP, KEY), images, atol=1e-3)


@pytest.mark.parametrize("kind", AUGMENTED)
def test_each_augmentation_moves_pixels_and_keeps_their_range(kind: str) -> None:
    images = stripes(8).images
    moved = augment(tf.constant(images), MLP.model_copy(update={kind: AUGMENTED[kind]}), KEY).numpy()
    assert np.abs(moved - images).max() > 1
    assert images.min() - 1e-3 <= moved.min() <= moved.max() <= images.max() + 1e-3


def test_a_shift_never_exceeds_its_limit() -> None:
    images = np.zeros((500, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    moved = augment(tf.constant(images), MLP.model_copy(update={"shift": 0.1}), KEY).numpy()[..., 0]
    weight = moved.sum(axis=(1, 2))
    down = (moved.sum(axis=2) * np.arange(21)).sum(axis=1) / weight - 10
    assert 1.5 < np.abs(down).max() <= 2.1 + 1e-3
    assert np.abs(down.mean()) < 0.2


def test_a_rotation_keeps_the_middle_where_it_is() -> None:
    images = np.zeros((50, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    turned = augment(tf.constant(images), MLP.model_copy(update={"rotate": 90.0}), KEY).numpy()
    np.testing.assert_allclose(turned[:, 10, 10, 0], 255, atol=0.1)


def test_each_image_of_a_batch_moves_its_own_way_and_repeatably() -> None:
    images = tf.repeat(stripes(1).images, 2, axis=0)
    recipe = MLP.model_copy(update=AUGMENTED)
    first, again = augment(images, recipe, KEY).numpy(), augment(images, recipe, KEY).numpy()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 1
