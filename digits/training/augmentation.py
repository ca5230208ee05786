"""Augmentation of training images. Random draws depend on the seed alone, so that an epoch can be repeated."""

import math

import tensorflow as tf

from digits.config.recipe import Recipe

WHITE = 255.0
# Each of the five pixel operations applies to one eighth of a batch, whose images come in random order; the other three
# eighths keep their pixel values.
N_PARTS = 8


def augment(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """Move the pixels of all images of a batch, and change the pixel values of five eighths of them."""
    if any((recipe.shift, recipe.rotate, recipe.zoom, recipe.shear)):
        images = random_affine(images, recipe, seed)
    max_strengths = {
        add_noise: recipe.noise,
        blur: recipe.blur,
        reduce_contrast: recipe.contrast,
        brighten: recipe.brightness,
        erase: recipe.erase,
    }
    if not any(max_strengths.values()):
        return images
    images = tf.cast(images, tf.float32)
    size, parts = tf.shape(images)[0] // N_PARTS, []
    for index, (operation, max_strength) in enumerate(max_strengths.items()):
        part = images[index * size : (index + 1) * size]
        if max_strength:
            part_seed = tf.random.fold_in(seed, index + 1)
            strength = max_strength * tf.random.stateless_uniform((size, 1, 1, 1), part_seed)
            part = operation(part, strength, part_seed)
        parts.append(part)
    return tf.concat([*parts, images[len(parts) * size :]], axis=0)


def random_affine(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """Shift, rotate, zoom and shear each image by random amounts. Edge pixels are repeated outside of the image."""
    height, width = images.shape[1], images.shape[2]
    angle, zoom, shear, random_y, random_x = tf.unstack(
        tf.random.stateless_uniform((5, tf.shape(images)[0]), seed, -1.0, 1.0)
    )
    angle *= math.radians(recipe.rotate)
    scale = 1.0 + recipe.zoom * zoom
    shear = recipe.shear * shear
    a, b = tf.cos(angle) / scale, (tf.cos(angle) * shear - tf.sin(angle)) / scale
    c, d = tf.sin(angle) / scale, (tf.sin(angle) * shear + tf.cos(angle)) / scale
    # The matrix [[a, b], [c, d]] maps a position in the new image to its position in the old image, around the centre:
    # the new centre (center_x, center_y) to (source_x, source_y).
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    source_x, source_y = random_x * recipe.shift * width + center_x, random_y * recipe.shift * height + center_y
    offset_x, offset_y = source_x - a * center_x - b * center_y, source_y - c * center_x - d * center_y
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=tf.stack([a, b, offset_x, c, d, offset_y, zero, zero], axis=1),
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def add_noise(images: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    noise = tf.random.stateless_normal(tf.shape(images), tf.random.fold_in(seed, 1))
    return clip(images + WHITE * strength * noise)


def blur(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    sigma = tf.squeeze(strength, 3) * min(images.shape[1:3])
    vertical, horizontal = (gaussian_weights(side, sigma) for side in images.shape[1:3])
    channels_first = tf.transpose(images, (3, 0, 1, 2))
    return tf.transpose(vertical @ channels_first @ tf.linalg.matrix_transpose(horizontal), (1, 2, 3, 0))


def gaussian_weights(side: int, sigma: tf.Tensor) -> tf.Tensor:
    """Return an array `[image, output row, input row]` of Gaussian weights, which add up to 1 over the input rows.

    The same function serves columns.
    """
    lines = tf.range(side, dtype=tf.float32)
    distances = (lines - lines[:, tf.newaxis]) / tf.maximum(sigma, 1e-3)
    return tf.nn.softmax(-(distances**2) / 2)


def reduce_contrast(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    """Reduce the contrast by the share `strength`."""
    return images + strength * (tf.reduce_mean(images, axis=(1, 2), keepdims=True) - images)


def brighten(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    return clip(images + WHITE * strength)


def erase(images: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draw a black square at a random position."""
    size, is_outside = strength[..., 0] * min(images.shape[1:3]), []
    for axis, side in enumerate(images.shape[1:3]):
        start = tf.random.stateless_uniform(tf.shape(size), tf.random.fold_in(seed, 1 + axis)) * (side - size)
        centers = tf.range(side, dtype=tf.float32) + 0.5
        is_outside.append((centers < start) | (centers >= start + size))
    rows, columns = is_outside
    return tf.where(rows[:, 0, :, tf.newaxis, tf.newaxis] | columns[:, 0, tf.newaxis, :, tf.newaxis], images, 0.0)


def clip(images: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(images, 0.0, WHITE)
