"""The one-pass normalizations give the results of Keras's layers, except for rounding."""

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
from digits.models.keras_file import clone_with_layers, load, save

IMAGES = np.random.default_rng(1).normal(size=(256, 6, 6, 2)).astype("float32")
LABELS = (IMAGES.mean(axis=(1, 2, 3)) > 0).astype("int32")


def network(normalization: type[layers.Layer]) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, use_bias=False),
            normalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(8, use_bias=False),
            normalization(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def train(normalization: type[layers.Layer]) -> keras.Model:
    model, schedule = network(normalization), keras.optimizers.schedules.CosineDecay(0.01, 40)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", steps_per_execution=4)
    model.fit(IMAGES, LABELS, batch_size=32, epochs=4, shuffle=False, verbose=0)
    return model


def test_training_ends_with_the_weights_of_keras() -> None:
    expected = train(layers.BatchNormalization)
    model = train(kernels.BatchNormalization)
    for actual, desired in zip(model.variables, expected.variables, strict=True):
        np.testing.assert_allclose(actual.numpy(), desired.numpy(), rtol=2e-3, atol=2e-4, err_msg=actual.path)
    untrained = network(layers.BatchNormalization).predict(IMAGES, verbose=0)
    assert np.abs(model.predict(IMAGES, verbose=0) - untrained).max() > 0.1


def test_a_saved_model_has_only_layers_of_keras(tmp_path: Path) -> None:
    model = train(kernels.BatchNormalization)
    save(model, tmp_path / "model.keras")
    loaded = load(tmp_path / "model.keras")
    assert {type(layer).__module__.partition(".")[0] for layer in loaded.layers} == {"keras"}
    np.testing.assert_allclose(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "shape"),
    [({"scale": False}, (8, 4)), ({"axis": 1}, (8, 4, 5, 3)), ({}, (8, 5, 4)), ({}, (8, 2, 3, 5, 4))],
)
def test_unsupported_options_give_the_results_of_keras(options: dict[str, object], shape: tuple[int, ...]) -> None:
    inputs = np.random.default_rng(2).normal(3, size=shape).astype("float32")
    outputs = kernels.BatchNormalization(**options)(inputs, training=True)
    np.testing.assert_array_equal(outputs, layers.BatchNormalization(**options)(inputs, training=True))
    assert abs(float(outputs.numpy().mean())) < 0.01


@pytest.mark.parametrize("training", [True, False])
def test_no_operation_starts_from_a_processors_estimate(training: bool) -> None:
    plain_model = keras.Sequential([keras.Input((6, 6, 2)), standardization(), layers.BatchNormalization()])
    model = clone_with_layers(plain_model, kernels.portable_layer)
    assert not {"Rsqrt", "Reciprocal", "Inv"} & operations(lambda images: model(images, training=training))


def operations(function: Callable[[tf.Tensor], tf.Tensor]) -> set[str]:
    """Return the types of a function's operations after TensorFlow's optimizations."""
    context = eager_context()
    context.enable_run_metadata()
    tf.function(function)(IMAGES)
    graphs = context.export_run_metadata().function_graphs
    context.disable_run_metadata()
    return {node.op for graph in graphs for node in graph.post_optimization_graph.node}
