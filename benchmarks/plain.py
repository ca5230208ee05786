"""Training as Keras's guides write it, with TensorFlow's own settings: what the benchmarks compare with."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from digits.data.dataset import Split
from digits.models.recipe import Recipe
from digits.training.trainer import schedule, smoothed


def network(family: str, chosen: Recipe, shape: tuple[int, int, int], classes: int) -> keras.Sequential:
    model = keras.Sequential([keras.Input(shape), layers.Rescaling(1 / 255)])
    {"mlp": mlp, "cnn": cnn}[family](model, chosen)
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def mlp(model: keras.Sequential, chosen: Recipe) -> None:
    model.add(layers.Flatten())
    for _ in range(chosen.layers):
        add(model, chosen, layers.Dense, chosen.units)
        model.add(layers.Dropout(chosen.dropout))


def cnn(model: keras.Sequential, chosen: Recipe) -> None:
    for block in range(chosen.blocks):
        stem = block == 0 and chosen.stem_stride > 1
        for place in range(chosen.convolutions):
            padding = "valid" if side(model) > chosen.kernel else "same"
            strides = chosen.stem_stride if stem and place == 0 else 1
            filters = chosen.filters * 2**block
            add(model, chosen, layers.Conv2D, filters, kernel_size=chosen.kernel, padding=padding, strides=strides)
        if side(model) >= 2 and not stem:
            model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    add(model, chosen, layers.Dense, chosen.dense)
    model.add(layers.Dropout(chosen.dropout))


def add(model: keras.Sequential, chosen: Recipe, kind: type[layers.Layer], size: int, **more: object) -> None:
    if not chosen.batch_norm:
        model.add(kind(size, activation="relu", **more))
        return
    for layer in (kind(size, use_bias=False, **more), layers.BatchNormalization(), layers.ReLU()):
        model.add(layer)


def side(model: keras.Sequential) -> int:
    return min(model.output_shape[1:3])


def compiled(model: keras.Model, chosen: Recipe, classes: int, steps: int) -> keras.Model:
    rate, decay = schedule(chosen, steps), chosen.weight_decay or None
    if chosen.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
    model.compile(optimizer, smoothed(chosen.label_smoothing, classes), metrics=["accuracy"])
    return model


def fit(model: keras.Model, data: Split | tf.data.Dataset, chosen: Recipe) -> None:
    if isinstance(data, Split):
        model.fit(np.asarray(data.images), np.asarray(data.labels), batch_size=chosen.batch_size, verbose=0)
    else:
        model.fit(data, shuffle=False, verbose=0)


def augmented(data: Split, chosen: Recipe) -> tf.data.Dataset:
    """Keras's own layers in the pipeline of the data, which its guide recommends where there is no GPU."""
    changes = keras.Sequential(
        [
            layers.RandomTranslation(chosen.shift, chosen.shift, "nearest"),
            layers.RandomRotation(chosen.rotate / 360, "nearest"),
            layers.RandomZoom(chosen.zoom, fill_mode="nearest"),
            layers.RandomShear(chosen.shear, fill_mode="nearest"),
        ]
    )
    pairs = tf.data.Dataset.from_tensor_slices((data.images, data.labels)).shuffle(len(data)).batch(chosen.batch_size)
    return pairs.map(lambda images, labels: (changes(images, training=True), labels), tf.data.AUTOTUNE).prefetch(
        tf.data.AUTOTUNE
    )
