"""The training images of each epoch as batches, in an order and with changes that seed and epoch decide."""

from collections.abc import Callable

import tensorflow as tf

from digits.data.dataset import Split
from digits.models.recipe import Recipe
from digits.training.augment import augment, wanted
from digits.training.feed import without_autotune

AT_ONCE, AHEAD = 2, 16  # batches in the making, and made before they are wanted


def batches(split: Split, recipe: Recipe, seed: int) -> Callable[[int], tf.data.Dataset]:
    # Held once; every epoch gathers from them.
    images, labels = tf.constant(split.images), tf.constant(split.labels)

    def epoch(number: int) -> tf.data.Dataset:
        key = tf.constant([seed, number])
        order = tf.random.experimental.stateless_shuffle(tf.range(len(split)), seed=key)

        def batch(step: tf.Tensor, which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            chosen = tf.gather(images, which)
            if wanted(recipe):
                chosen = augment(chosen, recipe, tf.random.fold_in(key, tf.cast(step, tf.int32)))
            return chosen, tf.gather(labels, which)

        steps = tf.data.Dataset.from_tensor_slices(order).batch(recipe.batch_size).enumerate()
        return without_autotune(steps.map(batch, num_parallel_calls=AT_ONCE).prefetch(AHEAD))

    return epoch
