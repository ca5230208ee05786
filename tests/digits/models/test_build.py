"""Building, saving and counting networks: residual, with shared layers, with nested models, with attention."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import KerasTensor, layers

from digits.config.recipe import Recipe
from digits.core.errors import UserError
from digits.models import families, kernels
from digits.models.build import build, multiply_adds
from digits.models.families import mlp
from digits.models.families.resnet import Hyperparameters as Resnet
from digits.models.keras_file import load, save, to_bytes
from digits.training.jobs import Segment
from digits.training.trainer import train
from tests.conftest import error_message
from tests.images import stripes
from tests.recipes import CNN, MLP, PLAIN, config

SHAPE, N_CLASSES = (8, 8, 3), 4
Body = Callable[[object, KerasTensor], object]


def residual(_: object, inputs: KerasTensor) -> KerasTensor:
    stem = layers.Conv2D(4, 3, padding="same")(inputs)
    path = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(stem))
    return layers.GlobalAveragePooling2D()(layers.Add()([stem, path]))


def shared(_: object, inputs: KerasTensor) -> KerasTensor:
    convolution = layers.Conv2D(3, 3, padding="same")
    return layers.Flatten()(convolution(convolution(inputs)))


def nested_model(_: object, inputs: KerasTensor) -> KerasTensor:
    chain = [layers.Flatten(), layers.Dense(6, use_bias=False), layers.BatchNormalization(), layers.Dropout(0.5)]
    return keras.Sequential(chain)(inputs)


def attention(_: object, inputs: KerasTensor) -> KerasTensor:
    patches = layers.Reshape((16, 12))(layers.Conv2D(12, 2, 2)(inputs))
    outputs = layers.BatchNormalization()(layers.MultiHeadAttention(num_heads=2, key_dim=5)(patches, patches))
    return layers.GlobalAveragePooling1D()(outputs)


MULTIPLY_ADDS = {
    residual: 64 * 9 * 3 * 4 + 64 * 9 * 4 + 4 * N_CLASSES,
    shared: 2 * 64 * 9 * 3 * 3 + 192 * N_CLASSES,
    nested_model: 192 * 6 + 6 * N_CLASSES,
    # The convolution; projections to queries, keys, values and outputs; two products of all pairs of patches.
    attention: 16 * 4 * 3 * 12 + 4 * 16 * 12 * 10 + 2 * 16 * 16 * 10 + 12 * N_CLASSES,
}


@pytest.fixture
def build_body(monkeypatch: pytest.MonkeyPatch) -> Callable[..., keras.Model]:
    def build_mlp(body: Body, seed: int = 1) -> keras.Model:
        monkeypatch.setattr(mlp, "body", body)
        return build("mlp", MLP, SHAPE, N_CLASSES, seed)

    return build_mlp


@pytest.mark.parametrize("body", MULTIPLY_ADDS)
def test_multiply_adds_count_the_products_of_all_layers(build_body: Callable, body: Body) -> None:
    assert multiply_adds(build_body(body)) == MULTIPLY_ADDS[body]


@pytest.mark.parametrize("body", MULTIPLY_ADDS)
def test_the_seed_determines_all_weights(build_body: Callable, body: Body) -> None:
    keras.utils.set_random_seed(1)  # the second build starts from another global state
    first, repeated, different = (to_bytes(build_body(body, seed)) for seed in (1, 1, 2))
    assert first == repeated != different


@pytest.mark.parametrize("body", MULTIPLY_ADDS)
def test_a_model_file_holds_no_optimizer_and_no_class_of_this_project(
    build_body: Callable, body: Body, tmp_path: Path
) -> None:
    model, images = build_body(body), stripes(20).images[:, :8, :8]
    model.compile("adam")
    save(model, tmp_path / "model.keras")
    loaded, content = load(tmp_path / "model.keras"), (tmp_path / "model.keras").read_bytes()
    assert b"digits." not in content
    assert b"optimizer" not in content
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))


def test_a_nested_model_has_the_portable_normalization(build_body: Callable) -> None:
    nested = next(layer for layer in build_body(nested_model).layers if isinstance(layer, keras.Sequential))
    assert [type(layer) for layer in nested.layers][2] is kernels.BatchNormalization


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_missing_or_damaged_model_file_is_rejected_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.keras cannot be read as a model .*`dvc repro`"):
        load(tmp_path / "model.keras")


def test_layers_get_seeds_in_the_order_of_the_forward_pass() -> None:
    """Another order would change all models of the same recipes and seeds."""
    model, rng = build("cnn", CNN, (28, 28, 1), 10, seed=7), np.random.default_rng(7)
    layer_seeds = [
        layer.seed if isinstance(layer, layers.Dropout) else layer.kernel_initializer.seed
        for layer in model.layers
        if isinstance(layer, layers.Conv2D | layers.Dense | layers.Dropout)
    ]
    assert layer_seeds == [rng.integers(1, 2**31) for _ in range(5)]


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        (lambda _, inputs: inputs, "(None, 8, 8, 3)"),
        (lambda _, inputs: [layers.Flatten()(inputs)], "list"),
        (lambda *_: None, "NoneType"),
    ],
)
def test_a_body_must_return_features(build_body: Callable, body: Body, returned: str, tensorflow_started: None) -> None:
    assert f"digits/models/families/mlp.py: body returns {returned}, not a tensor" in error_message(build_body, body)
    images = stripes(20), stripes(8), stripes(8)
    failure = train(Segment(config(), 0, 1, None, keep_model=True), images).failure
    assert failure.startswith("digits/models/families/mlp.py: body returns")


class Double(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return 2 * inputs


def test_a_custom_layer_is_rejected(build_body: Callable) -> None:
    with pytest.raises(UserError, match=r"^Double is not a layer of Keras"):
        build_body(lambda _, inputs: layers.Flatten()(Double()(inputs)))


def test_an_error_in_a_body_is_reported_with_its_line(
    build_body: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error_message(build_body, lambda *_: 1 / 0).startswith("digits/models/families/mlp.py: ZeroDivisionError: ")
    (tmp_path / "own.py").write_text("def body(*_):\n    return divide()\n\n\ndivide = lambda: 1 / 0\n")
    monkeypatch.setattr(families, "__path__", [str(tmp_path)])
    message = error_message(build, "own", MLP, (8, 8, 1), 4, 1)
    assert message.startswith("digits/models/families/own.py, line 5: ZeroDivisionError: ")


def test_the_baseline_cnn_has_its_usual_size() -> None:
    model = build("cnn", CNN, (28, 28, 1), 10, seed=1)
    assert model.count_params() == 225_034
    assert multiply_adds(model) == 26 * 26 * 9 * 32 + 11 * 11 * 9 * 32 * 64 + 1600 * 128 + 128 * 10


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 40, 1), (64, 48, 3)])
@pytest.mark.parametrize(
    ("family", "recipe"),
    [
        ("mlp", MLP),
        ("cnn", CNN.model_copy(update={"blocks": 3, "kernel": 5, "filters": 2})),
        ("resnet", Resnet(stem_stride=2, stages=4, blocks=1, filters=2, dropout=0.1, **PLAIN)),
    ],
    ids=["mlp", "cnn", "resnet"],
)
def test_networks_accept_images_of_any_shape(family: str, recipe: Recipe, shape: tuple[int, int, int]) -> None:
    probabilities = build(family, recipe, shape, 7, seed=1).predict(np.full((3, *shape), 200, np.uint8), verbose=0)
    assert probabilities.shape == (3, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("recipe", [MLP, CNN])
def test_standardized_predictions_do_not_depend_on_contrast_and_brightness(recipe: Recipe) -> None:
    family, images = "cnn" if recipe is CNN else "mlp", np.asarray(stripes(20).images, np.float32)
    model = build(family, recipe.model_copy(update={"standardize": True}), images.shape[1:], 4, seed=1)
    probabilities = model.predict(images, verbose=0)
    for changed in (0.3 * images + 100, 0.5 * images):
        np.testing.assert_allclose(model.predict(changed, verbose=0), probabilities, atol=1e-3)
