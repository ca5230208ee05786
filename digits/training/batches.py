"""The images of each epoch as batches, in an order and with augmentation that seed and epoch decide."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from digits.data.dataset import Split
from digits.models.recipe import Recipe
from digits.training.augmentation import augment

AT_ONCE, AHEAD = 2, 16  # batches in the making, and made before they are wanted


def training_batches(split: Split, recipe: Recipe, seed: int) -> Callable[[int], tf.data.Dataset]:
    # Held once; every epoch gathers from them.
    images, labels = tf.constant(split.images), tf.constant(split.labels)

    def epoch(number: int) -> tf.data.Dataset:
        key = tf.constant([seed, number])
        order = tf.random.experimental.stateless_shuffle(tf.range(len(split)), seed=key)

        def batch(step: tf.Tensor, which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            chosen = tf.gather(images, which)
            return augment(chosen, recipe, tf.random.fold_in(key, tf.cast(step, tf.int32))), tf.gather(labels, which)

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
