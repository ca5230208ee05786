"""Small random shifts, rotations, zooms and shears of a batch of images: one affine map each, done in one pass."""

import math

import tensorflow as tf

from digits.models.recipe import Recipe


def wanted(recipe: Recipe) -> bool:
    return any((recipe.shift, recipe.rotate, recipe.zoom, recipe.shear))


def augment(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """Draws depend on the seed alone, so that any epoch can be done again. Edges are continued outwards."""
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
    nothing = tf.zeros_like(a)
    maps = tf.stack([a, b, right - a * x - b * y, c, d, down - c * x - d * y, nothing, nothing], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=maps,
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
