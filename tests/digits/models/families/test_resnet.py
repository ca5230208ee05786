"""The residual network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from keras import layers

from digits.config.load import parameter
from digits.export import formats
from digits.export.formats import FORMATS, TrainedModel
from digits.models.build import build, multiply_adds
from digits.models.families.resnet import Hyperparameters
from digits.models.keras_file import clone_with_layers, load, save
from digits.models.kernels import portable_layer
from digits.training.network import Network
from tests.images import stripes
from tests.recipes import CNN, PLAIN, config
from tests.trained import METADATA

SMALL = Hyperparameters(stem_stride=1, stages=2, blocks=2, filters=4, dropout=0.1, **PLAIN)


def test_the_baseline_has_as_many_multiply_adds_as_the_cnn(project: Any) -> None:
    model = build("resnet", parameter(Hyperparameters, "models.resnet"), (28, 28, 1), 10, seed=1)
    assert model.count_params() == 78_426
    assert 0.9 < multiply_adds(model) / multiply_adds(build("cnn", CNN, (28, 28, 1), 10, seed=1)) < 1.1


def test_shortcuts_have_a_convolution_only_where_the_shape_changes() -> None:
    model = build("resnet", SMALL, (16, 12, 3), 4, seed=1)
    kernel_sizes = [layer.kernel_size for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert sum(isinstance(layer, layers.Add) for layer in model.layers) == 4
    assert sorted(kernel_sizes) == [(1, 1)] + [(3, 3)] * 9
    assert [layer.output.shape[1:] for layer in model.layers if isinstance(layer, layers.Add)] == [
        (16, 12, 4), (16, 12, 4), (8, 6, 8), (8, 6, 8)
    ]  # fmt: skip


def test_a_resnet_learns() -> None:
    recipe = SMALL.model_copy(update={"learning_rate": 0.01})
    validation = stripes(80, seed=1)
    network = Network(replace(config(epochs=3), family="resnet", recipe=recipe), (stripes(640), validation, validation))
    for number in (1, 2, 3):
        epoch = network.evaluate(
            number, network.model.fit(network.epoch_batches(number), shuffle=False, verbose=0).history
        )
    assert epoch["validation_accuracy"] > 0.9


def test_every_export_gives_the_predictions_of_the_model(tmp_path: Path) -> None:
    images = stripes(40).images
    model = build("resnet", SMALL, images.shape[1:], 4, seed=1)
    save(model, tmp_path / "1.keras")
    loaded = load(tmp_path / "1.keras")
    portable = clone_with_layers(loaded, portable_layer)
    formats.write(TrainedModel(tmp_path / "1.keras", loaded, portable, METADATA), tmp_path / "exports")
    for export_format in FORMATS:
        predict = export_format.load(tmp_path / "exports" / export_format.file)
        probabilities = predict(images).probabilities
        tolerance = export_format.tolerance
        np.testing.assert_allclose(probabilities, model(images), atol=tolerance, err_msg=export_format.file)
