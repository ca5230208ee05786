"""What training does to images, so that the network meets more than there are."""

import numpy as np
import pytest
import tensorflow as tf

from digits.data.corruptions import CORRUPTIONS
from digits.training.augmentation import augment
from tests.images import stripes
from tests.recipes import AUGMENTED, MLP, MOVES, PIXELS

KEY = tf.constant([1, 2])


def test_augmentation_by_nothing_changes_nothing() -> None:
    images = stripes(8).images
    np.testing.assert_allclose(augment(tf.constant(images), MLP, KEY), images, atol=1e-3)


@pytest.mark.parametrize("kind", AUGMENTED)
def test_each_augmentation_changes_pixels_and_keeps_them_in_range(kind: str) -> None:
    images = stripes(16).images
    changed = augment(tf.constant(images), MLP.model_copy(update={kind: AUGMENTED[kind]}), KEY).numpy()
    assert np.abs(changed - images).max() > 1
    assert -1e-3 <= changed.min() <= changed.max() <= 255 + 1e-3


@pytest.mark.parametrize("kind", PIXELS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 8, 1), (5, 40, 3)])
def test_a_change_to_pixels_touches_an_eighth_of_the_images_whatever_their_shape(kind: str, shape: tuple) -> None:
    images = np.random.default_rng(1).integers(50, 200, (80, *shape)).astype(np.float32)
    changed = augment(tf.constant(images), MLP.model_copy(update={kind: 0.9}), KEY).numpy()
    touched = np.abs(changed - images).max(axis=(1, 2, 3)) > 0.01
    first = 10 * list(PIXELS).index(kind)
    assert not touched[:first].any()
    assert not touched[first + 10 :].any()
    assert touched.any() or shape == (1, 1, 1)


def test_a_batch_of_fewer_images_than_there_are_changes_stays_as_it_is() -> None:
    images = stripes(5).images
    np.testing.assert_array_equal(augment(tf.constant(images), MLP.model_copy(update=PIXELS), KEY), images)


@pytest.mark.parametrize(("kind", "name"), [(each.augmentation, name) for name, each in CORRUPTIONS.items()])
def test_each_corruption_that_training_is_said_to_show_is_a_field_of_the_recipe(kind: str | None, name: str) -> None:
    assert kind is None or kind in AUGMENTED, name


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
    recipe = MLP.model_copy(update=MOVES)
    first, again = augment(images, recipe, KEY).numpy(), augment(images, recipe, KEY).numpy()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).max() > 1
