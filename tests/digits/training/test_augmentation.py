"""The augmentation of training images."""

import numpy as np
import pytest
import tensorflow as tf

from digits.data.corruptions import CORRUPTIONS
from digits.training.augmentation import augment
from tests.images import stripes
from tests.recipes import AUGMENTED, MLP, MOVES, PIXELS

SEED = tf.constant([1, 2])


def test_zero_strengths_change_nothing() -> None:
    images = stripes(8).images
    np.testing.assert_allclose(augment(tf.constant(images), MLP, SEED), images, atol=1e-3)


@pytest.mark.parametrize("field", AUGMENTED)
def test_augmented_pixels_are_in_range(field: str) -> None:
    images = stripes(16).images
    changed = augment(tf.constant(images), MLP.model_copy(update={field: AUGMENTED[field]}), SEED).numpy()
    assert np.abs(changed - images).max() > 1
    assert -1e-3 <= changed.min() <= changed.max() <= 255 + 1e-3


@pytest.mark.parametrize("field", PIXELS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 8, 1), (5, 40, 3)])
def test_a_pixel_operation_applies_to_one_eighth_of_the_images(field: str, shape: tuple) -> None:
    images = np.random.default_rng(1).integers(50, 200, (80, *shape)).astype(np.float32)
    changed = augment(tf.constant(images), MLP.model_copy(update={field: 0.9}), SEED).numpy()
    is_changed = np.abs(changed - images).max(axis=(1, 2, 3)) > 0.01
    first = 10 * list(PIXELS).index(field)
    assert not is_changed[:first].any()
    assert not is_changed[first + 10 :].any()
    assert is_changed.any() or shape == (1, 1, 1)


def test_a_batch_of_fewer_than_eight_images_is_not_changed() -> None:
    images = stripes(5).images
    np.testing.assert_array_equal(augment(tf.constant(images), MLP.model_copy(update=PIXELS), SEED), images)


@pytest.mark.parametrize(
    ("field", "name"), [(corruption.augmentation, name) for name, corruption in CORRUPTIONS.items()]
)
def test_the_augmentation_of_a_trained_corruption_is_a_field_of_the_recipe(field: str | None, name: str) -> None:
    assert field is None or field in AUGMENTED, name


def test_shifts_are_within_their_limit() -> None:
    images = np.zeros((500, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    shifted = augment(tf.constant(images), MLP.model_copy(update={"shift": 0.1}), SEED).numpy()[..., 0]
    weight = shifted.sum(axis=(1, 2))
    shift_y = (shifted.sum(axis=2) * np.arange(21)).sum(axis=1) / weight - 10
    assert 1.5 < np.abs(shift_y).max() <= 2.1 + 1e-3
    assert np.abs(shift_y.mean()) < 0.2


def test_a_rotation_does_not_move_the_centre() -> None:
    images = np.zeros((50, 21, 21, 1), np.uint8)
    images[:, 10, 10] = 255
    rotated = augment(tf.constant(images), MLP.model_copy(update={"rotate": 90.0}), SEED).numpy()
    np.testing.assert_allclose(rotated[:, 10, 10, 0], 255, atol=0.1)


def test_images_of_a_batch_are_transformed_differently_and_reproducibly() -> None:
    images = tf.repeat(stripes(1).images, 2, axis=0)
    recipe = MLP.model_copy(update=MOVES)
    first, repeated = augment(images, recipe, SEED).numpy(), augment(images, recipe, SEED).numpy()
    np.testing.assert_array_equal(first, repeated)
    assert np.abs(first[0] - first[1]).max() > 1
