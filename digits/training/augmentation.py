"""Training images made harder, as the recipe says. Draws depend on a seed alone: any epoch can be done again."""

import math

import tensorflow as tf

from digits.config.recipe import Recipe

WHITE = 255.0
PARTS = 8  # images come in random order: one eighth of a batch for each kind of change to pixels


def augment(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    if any((recipe.shift, recipe.rotate, recipe.zoom, recipe.shear)):
        images = move(images, recipe, seed)
    changes = {
        add_noise: recipe.noise,
        blur: recipe.blur,
        lose_contrast: recipe.contrast,
        brighten: recipe.brightness,
        erase: recipe.erase,
    }
    if not any(changes.values()):
        return images
    images = tf.cast(images, tf.float32)
    size, done = tf.shape(images)[0] // PARTS, []
    for place, (change, most) in enumerate(changes.items()):
        part = images[place * size : (place + 1) * size]
        if most:
            key = tf.random.fold_in(seed, place + 1)
            part = change(part, most * tf.random.stateless_uniform((size, 1, 1, 1), key), key)
        done.append(part)
    return tf.concat([*done, images[len(done) * size :]], axis=0)


def move(images: tf.Tensor, recipe: Recipe, seed: tf.Tensor) -> tf.Tensor:
    """Small shifts, rotations, zooms and shears, as one affine map an image. Edges are continued outwards."""
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


def add_noise(images: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    noise = tf.random.stateless_normal(tf.shape(images), tf.random.fold_in(seed, 1))
    return in_range(images + WHITE * strength * noise)


def blur(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    deviation = tf.squeeze(strength, 3) * min(images.shape[1:3])
    down, across = (gaussian(side, deviation) for side in images.shape[1:3])
    planes = tf.transpose(images, (3, 0, 1, 2))
    return tf.transpose(down @ planes @ tf.linalg.matrix_transpose(across), (1, 2, 3, 0))


def gaussian(side: int, deviation: tf.Tensor) -> tf.Tensor:
    """For each image, the weight of every line in each blurred line; at the edge, the lines that there are get more."""
    lines = tf.range(side, dtype=tf.float32)
    apart = (lines - lines[:, tf.newaxis]) / tf.maximum(deviation, 1e-3)
    return tf.nn.softmax(-(apart**2) / 2)


def lose_contrast(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    return images + strength * (tf.reduce_mean(images, axis=(1, 2), keepdims=True) - images)


def brighten(images: tf.Tensor, strength: tf.Tensor, _seed: tf.Tensor) -> tf.Tensor:
    return in_range(images + WHITE * strength)


def erase(images: tf.Tensor, strength: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A black square somewhere."""
    edge, kept = strength[..., 0] * min(images.shape[1:3]), []
    for axis, side in enumerate(images.shape[1:3]):
        place = tf.random.stateless_uniform(tf.shape(edge), tf.random.fold_in(seed, 1 + axis)) * (side - edge)
        lines = tf.range(side, dtype=tf.float32) + 0.5
        kept.append((lines < place) | (lines >= place + edge))
    return tf.where(kept[0][:, 0, :, tf.newaxis, tf.newaxis] | kept[1][:, 0, tf.newaxis, :, tf.newaxis], images, 0.0)


def in_range(images: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(images, 0.0, WHITE)
