"""The one-pass normalisations give what Keras gives: a training with either ends the same, but for rounding."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.eager.context import context as eager_context

from digits.models import kernels
from digits.models.build import standardization
from digits.models.keras_file import load, rebuilt, save

IMAGES = np.random.default_rng(1).normal(size=(256, 6, 6, 2)).astype("float32")
LABELS = (IMAGES.mean(axis=(1, 2, 3)) > 0).astype("int32")


def network(normalise: type[layers.Layer]) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, use_bias=False),
            normalise(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(8, use_bias=False),
            normalise(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def trained(normalise: type[layers.Layer]) -> keras.Model:
    model, rate = network(normalise), keras.optimizers.schedules.CosineDecay(0.01, 40)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", steps_per_execution=4)
    model.fit(IMAGES, LABELS, batch_size=32, epochs=4, shuffle=False, verbose=0)
    return model


def test_a_training_with_them_ends_where_one_with_kerass_own_ends() -> None:
    slow = trained(layers.BatchNormalization)
    fast = trained(kernels.BatchNormalization)
    for ours, theirs in zip(fast.variables, slow.variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=2e-3, atol=2e-4, err_msg=ours.path)
    untouched = network(layers.BatchNormalization).predict(IMAGES, verbose=0)
    assert np.abs(fast.predict(IMAGES, verbose=0) - untouched).max() > 0.1


def test_a_model_is_saved_without_them(tmp_path: Path) -> None:
    model = trained(kernels.BatchNormalization)
    save(model, tmp_path / "model.keras")
    again = load(tmp_path / "model.keras")
    assert {type(layer).__module__.partition(".")[0] for layer in again.layers} == {"keras"}
    np.testing.assert_allclose(again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "shape"),
    [({"scale": False}, (8, 4)), ({"axis": 1}, (8, 4, 5, 3)), ({}, (8, 5, 4)), ({}, (8, 2, 3, 5, 4))],
)
def test_what_the_kernel_cannot_do_is_left_to_keras(options: dict[str, object], shape: tuple[int, ...]) -> None:
    inputs = np.random.default_rng(2).normal(3, size=shape).astype("float32")
    both = kernels.BatchNormalization(**options), layers.BatchNormalization(**options)
    ours, theirs = (layer(inputs, training=True) for layer in both)
    np.testing.assert_array_equal(ours, theirs)
    assert abs(float(ours.numpy().mean())) < 0.01


@pytest.mark.parametrize("training", [True, False])
def test_nothing_is_left_of_what_processors_of_each_maker_estimate_their_own_way(training: bool) -> None:
    normalised = keras.Sequential([keras.Input((6, 6, 2)), standardization(), layers.BatchNormalization()])
    model = rebuilt(normalised, kernels.fast)
    assert not {"Rsqrt", "Reciprocal", "Inv"} & operations(lambda images: model(images, training=training))


def operations(of: Callable[[tf.Tensor], tf.Tensor]) -> set[str]:
    """As TensorFlow has rewritten them."""
    context = eager_context()
    context.enable_run_metadata()
    tf.function(of)(IMAGES)
    graphs = context.export_run_metadata().function_graphs
    context.disable_run_metadata()
    return {node.op for graph in graphs for node in graph.post_optimization_graph.node}
