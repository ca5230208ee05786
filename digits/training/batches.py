"""Batches of images. Seed and epoch determine the order and the augmentation of training batches."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from digits.config.recipe import Recipe
from digits.data.dataset import Split
from digits.training.augmentation import augment

PARALLEL_CALLS, PREFETCH = 2, 16  # batches that are prepared at the same time, and in advance
ALIGNMENT = 64  # bytes, as TensorFlow allocates and as arrays lie in .npy files
# AutoGraph writes a file for each lambda, which stays in /tmp when the process is killed.
without_autograph = tf.autograph.experimental.do_not_convert


def training_batches(split: Split, recipe: Recipe, seed: int) -> Callable[[int], tf.data.Dataset]:
    """Return a function from the number of an epoch to its batches. The images are in memory once for all epochs."""
    images, labels = to_tensor(split.images), to_tensor(split.labels)

    @tf.function(autograph=False)  # without it, each epoch would be traced again
    def augmented_batch(epoch_seed: tf.Tensor, step: tf.Tensor, indices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch_seed = tf.random.fold_in(epoch_seed, tf.cast(step, tf.int32))
        return augment(tf.gather(images, indices), recipe, batch_seed), tf.gather(labels, indices)

    def epoch_batches(epoch: int) -> tf.data.Dataset:
        epoch_seed = tf.constant([seed, epoch])
        indices_by_step = numbered_index_batches(len(split), recipe.batch_size, epoch_seed)
        load_batch = without_autograph(lambda step, indices: augmented_batch(epoch_seed, step, indices))
        return without_tuning(indices_by_step.map(load_batch, num_parallel_calls=PARALLEL_CALLS).prefetch(PREFETCH))

    return epoch_batches


def numbered_index_batches(n_images: int, batch_size: int, epoch_seed: tf.Tensor) -> tf.data.Dataset:
    """Return pairs of a step's number and the indices of its images, in random order."""
    order = tf.random.experimental.stateless_shuffle(tf.range(n_images), seed=epoch_seed)
    return tf.data.Dataset.from_tensor_slices(order).batch(batch_size).enumerate()


def batches_in_order(size: int, *arrays: np.ndarray) -> tf.data.Dataset:
    """Return batches of the arrays, e.g. images and labels, in their order and without augmentation."""
    tensors = [to_tensor(array) for array in arrays]  # from_tensor_slices would copy them
    starts = tf.data.Dataset.range(0, len(arrays[0]), size)
    slices = without_autograph(lambda start: tuple(tensor[start : start + size] for tensor in tensors))
    return without_tuning(starts.map(slices))


def to_tensor(array: np.ndarray) -> tf.Tensor:
    """Return a tensor that shares memory with the array, which may be mapped from a file; otherwise a copy."""
    if array.flags.writeable and array.flags.c_contiguous and array.ctypes.data % ALIGNMENT == 0:
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    with tf.device("CPU"):  # batches are prepared there
        return tf.constant(array)


def without_tuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Turn off tf.data's autotuner and its optimizer."""
    options = tf.data.Options()
    # The autotuner's growing polling interval delays the end of an epoch: 2 s can become 2.6 or 10.
    options.autotune.enabled = False
    # The optimizer allocates zeros as large as all images, and keeps them.
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)
