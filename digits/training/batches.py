"""The images of each epoch as batches, in an order and with augmentation that seed and epoch decide."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from digits.config.recipe import Recipe
from digits.data.dataset import Split
from digits.training.augmentation import augment

AT_ONCE, AHEAD = 2, 16  # batches in the making, and made before they are wanted
as_is = tf.autograph.experimental.do_not_convert  # it writes a file for each lambda, which a kill leaves in /tmp
ALIGNMENT = 64  # bytes, as TensorFlow allocates and as arrays lie in .npy files


def training_batches(split: Split, recipe: Recipe, seed: int) -> Callable[[int], tf.data.Dataset]:
    # Held once; every epoch gathers from them.
    images, labels = tensor(split.images), tensor(split.labels)

    @tf.function(autograph=False)  # else traced anew for every epoch
    def batch(key: tf.Tensor, step: tf.Tensor, which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        chosen = tf.gather(images, which)
        return augment(chosen, recipe, tf.random.fold_in(key, tf.cast(step, tf.int32))), tf.gather(labels, which)

    def epoch(number: int) -> tf.data.Dataset:
        key = tf.constant([seed, number])
        order = tf.random.experimental.stateless_shuffle(tf.range(len(split)), seed=key)
        steps = tf.data.Dataset.from_tensor_slices(order).batch(recipe.batch_size).enumerate()
        batches = steps.map(as_is(lambda step, which: batch(key, step, which)), num_parallel_calls=AT_ONCE)
        return as_written(batches.prefetch(AHEAD))

    return epoch


def batches_in_order(size: int, *arrays: np.ndarray) -> tf.data.Dataset:
    tensors = [tensor(array) for array in arrays]  # from_tensor_slices would copy them
    starts = tf.data.Dataset.range(0, len(arrays[0]), size)
    return as_written(starts.map(as_is(lambda start: tuple(each[start : start + size] for each in tensors))))


def tensor(array: np.ndarray) -> tf.Tensor:
    """As it lies in memory or is mapped from a file, or else a copy."""
    if array.flags.writeable and array.flags.c_contiguous and array.ctypes.data % ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    with tf.device("CPU"):  # where batches are made
        return tf.constant(array)


def as_written(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # The autotuner sleeps for ever longer times, and the end of an epoch waits for it: 2 s can become 2.6 or 10.
    options.autotune.enabled = False
    # The optimiser makes zeros as large as all images, and keeps them.
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)
