"""The reference of the benchmarks: training as Keras's guides show it, with TensorFlow's default settings."""

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from digits.config.recipe import Recipe
from digits.data.dataset import Split
from digits.training.augmentation import augment
from digits.training.jobs import TrainingConfig
from digits.training.network import cross_entropy, optimizer


def build_training(config: TrainingConfig, data: Split) -> tuple[keras.Model, Callable[[int], object]]:
    """Return a model, and a function that trains it for an epoch."""
    recipe, steps = config.recipe, math.ceil(len(data) / config.recipe.batch_size)
    keras.utils.set_random_seed(config.seed)
    model = build_network(config.family, recipe, data.images.shape[1:], config.n_classes)
    compile_model(model, recipe, config.n_classes, steps * config.epochs)
    arguments = fit_arguments(data, recipe)
    return model, lambda _: model.fit(**arguments, verbose=0)


def fit_arguments(data: Split, recipe: Recipe) -> dict[str, Any]:
    if any(getattr(recipe, name) for name in AUGMENTATION):
        return {"x": augmented_dataset(data, recipe), "shuffle": False}
    return {"x": np.asarray(data.images), "y": np.asarray(data.labels), "batch_size": recipe.batch_size}


def build_network(family: str, recipe: Recipe, shape: tuple[int, int, int], classes: int) -> keras.Model:
    images = keras.Input(shape)
    pixels = layers.Rescaling(1 / 255)(images)
    if recipe.standardize:
        pixels = layers.GroupNormalization(groups=1, center=False, scale=False)(pixels)
    body = {"mlp": mlp, "cnn": cnn}.get(family) or import_module(f"digits.models.families.{family}").body
    return keras.Model(images, layers.Dense(classes, activation="softmax")(body(recipe, pixels)))


def mlp(recipe: Recipe, inputs: keras.KerasTensor) -> keras.KerasTensor:
    outputs = layers.Flatten()(inputs)
    for _ in range(recipe.layers):
        outputs = layers.Dropout(recipe.dropout)(layer_with_relu(recipe, outputs, layers.Dense, recipe.units))
    return outputs


def cnn(recipe: Recipe, outputs: keras.KerasTensor) -> keras.KerasTensor:
    for block in range(recipe.blocks):
        stem = block == 0 and recipe.stem_stride > 1
        for number in range(recipe.convolutions):
            padding = "valid" if shorter_side(outputs) > recipe.kernel else "same"
            shape = {"kernel_size": recipe.kernel, "strides": recipe.stem_stride if stem and number == 0 else 1}
            filters = recipe.filters * 2**block
            outputs = layer_with_relu(recipe, outputs, layers.Conv2D, filters, padding=padding, **shape)
        if shorter_side(outputs) >= 2 and not stem:
            outputs = layers.MaxPooling2D()(outputs)
    outputs = layer_with_relu(recipe, layers.Flatten()(outputs), layers.Dense, recipe.dense)
    return layers.Dropout(recipe.dropout)(outputs)


def layer_with_relu(
    recipe: Recipe, inputs: keras.KerasTensor, layer: type[layers.Layer], size: int, **options: object
) -> keras.KerasTensor:
    if not recipe.batch_norm:
        return layer(size, activation="relu", **options)(inputs)
    return layers.ReLU()(layers.BatchNormalization()(layer(size, use_bias=False, **options)(inputs)))


def shorter_side(images: keras.KerasTensor) -> int:
    return min(images.shape[1:3])


def compile_model(model: keras.Model, recipe: Recipe, classes: int, steps: int) -> keras.Model:
    model.compile(optimizer(recipe, steps), cross_entropy(recipe.label_smoothing, classes), metrics=["accuracy"])
    return model


def fit_arguments_with_project_augmentation(data: Split, recipe: Recipe) -> dict[str, Any]:
    """Use the project's augmentation, so that a comparison shows the other differences only."""

    def augment_batch(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        seed = tf.random.uniform((2,), maxval=tf.int32.max, dtype=tf.int32)
        return augment(images, recipe, seed), labels

    return {"x": batches(data, recipe, augment_batch), "shuffle": False}


def batches(data: Split, recipe: Recipe, augment_batch: Callable[[tf.Tensor, tf.Tensor], object]) -> tf.data.Dataset:
    pairs = tf.data.Dataset.from_tensor_slices((data.images, data.labels))
    shuffled = pairs.shuffle(len(data)).batch(recipe.batch_size)
    return shuffled.map(augment_batch, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


WHITE, PARTS = 255, 8
ALWAYS = 1.0, 1.0  # a range of probabilities; Keras takes a single number as the upper end of one
AUGMENTATION = "shift", "rotate", "zoom", "shear", "noise", "blur", "contrast", "brightness", "erase"


def augmented_dataset(data: Split, recipe: Recipe) -> tf.data.Dataset:
    """Use Keras's own layers in the data pipeline, which its guide recommends where there is no GPU."""
    move = keras.Sequential(
        [
            layers.RandomTranslation(recipe.shift, recipe.shift, "nearest"),
            layers.RandomRotation(recipe.rotate / 360, "nearest"),
            layers.RandomZoom(recipe.zoom, fill_mode="nearest"),
            layers.RandomShear(recipe.shear, fill_mode="nearest"),
        ]
    )
    # Keras requires a strength of noise between 0 and 1.
    noise = [layers.Rescaling(1 / WHITE), layers.GaussianNoise(recipe.noise), layers.Rescaling(WHITE)]
    pixel_layers = (
        keras.Sequential(noise),
        layers.RandomGaussianBlur(ALWAYS, sigma=(0, max(0.001, min(data.images.shape[1:3]) * recipe.blur))),
        # Keras sorts the two, so it lowers contrast as much as it raises it; a single number only raises it.
        layers.RandomContrast((recipe.contrast, recipe.contrast), (0, WHITE)),
        layers.RandomBrightness((0.0, recipe.brightness), (0, WHITE)),
        layers.RandomErasing(ALWAYS, (0.001, max(0.001, recipe.erase**2)), fill_value=0.0),
    )

    def augment_batch(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Apply each pixel layer to an eighth of the batch, as the project's augmentation does."""
        images, size = move(images, training=True), tf.shape(images)[0] // PARTS
        parts = [layer(images[index * size :][:size], training=True) for index, layer in enumerate(pixel_layers)]
        return tf.concat([*parts, images[len(parts) * size :]], axis=0), labels

    return batches(data, recipe, augment_batch)
