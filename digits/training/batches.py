"""The images of each epoch as batches, in an order and with augmentation that seed and epoch decide."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from digits.data.dataset import Split
from digits.models.recipe import Recipe

AT_ONCE, AHEAD = 2, 16  # batches in the making, and made before they are wanted


def training_batches(split: Split, recipe: Recipe, seed: int) -> Callable[[int], tf.data.Dataset]:
    # Held once; every epoch gathers from them.
    images, labels = tf.constant(split.images), tf.constant(split.labels)

    def epoch(number: int) -> tf.data.Dataset:
        key = tf.constant([seed, number])
        order = tf.random.experimental.stateless_shuffle(tf.range(len(split)), seed=key)

        def batch(step: tf.Tensor, which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            chosen = tf.gather(images, which)
            if augments(recipe):
                chosen = augment(chosen, recipe, tf.random.fold_in(key, tf.cast(step, tf.int32)))
            return chosen, tf.gather(labels, which)

        steps = tf.data.Dataset.from_tensor_slices(order).batch(recipe.batch_size).enumerate()
        return without_autotune(steps.map(batch, num_parallel_calls=AT_ONCE).prefetch(AHEAD))

    return epoch


def batches_in_order(size: int, *arrays: np.ndarray) -> tf.data.Dataset:
    return without_autotune(tf.data.Dataset.from_tensor_slices(arrays).batch(size))


def without_autotune(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The autotuner sleeps for ever longer times, and the end of an epoch waits for it: 2 s can become 2.6 or 10."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def augments(recipe: Recipe) -> bool:
    return any((recipe.shift, recipe.rotate, recipe.zoom, recipe.shear))


def augment(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """Small shifts, rotations, zooms and shears, as one affine map an image. Edges are continued outwards.

    Draws depend on the seed alone, so that any epoch can be done again.
    """
    height, width = images.shape[1], images.shape[2]
    turn, zoom, shear, down, right = tf.unstack(tf.random.stateless_uniform((5, tf.shape(images)[0]), seed, -1.0, 1.0))
    turn *= math.radians(recipe.rotate)
    scale = 1.0 + recipe.zoom * zoom
    slant = recipe.shear * shear
    a, b = tf.cos(turn) / scale, (tf.cos(turn) * slant - tf.sin(turn)) / scale
    c, d = tf.sin(turn) / scale, (tf.sin(turn) * slant + tf.cos(turn)) / scale
    # The map takes a place in the new image to its place in the old one, and leaves the middle where it is.
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = right * recipe.shift * width + x, down * recipe.shift * height + y
    zero = tf.zeros_like(a)
    maps = tf.stack([a, b, right - a * x - b * y, c, d, down - c * x - d * y, zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=maps,
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
