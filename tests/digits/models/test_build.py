"""Networks of any shape: residual, with shared layers, with models inside, with attention."""

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

SHAPE, CLASSES = (8, 8, 3), 4
Body = Callable[[object, KerasTensor], object]


def residual(_: object, inputs: KerasTensor) -> KerasTensor:
    start = layers.Conv2D(4, 3, padding="same")(inputs)
    path = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(start))
    return layers.GlobalAveragePooling2D()(layers.Add()([start, path]))


def shared(_: object, inputs: KerasTensor) -> KerasTensor:
    twice = layers.Conv2D(3, 3, padding="same")
    return layers.Flatten()(twice(twice(inputs)))


def model_inside(_: object, inputs: KerasTensor) -> KerasTensor:
    inside = [layers.Flatten(), layers.Dense(6, use_bias=False), layers.BatchNormalization(), layers.Dropout(0.5)]
    return keras.Sequential(inside)(inputs)


def attention(_: object, inputs: KerasTensor) -> KerasTensor:
    words = layers.Reshape((16, 12))(layers.Conv2D(12, 2, 2)(inputs))
    heard = layers.BatchNormalization()(layers.MultiHeadAttention(num_heads=2, key_dim=5)(words, words))
    return layers.GlobalAveragePooling1D()(heard)


COSTS = {
    residual: 64 * 9 * 3 * 4 + 64 * 9 * 4 + 4 * CLASSES,
    shared: 2 * 64 * 9 * 3 * 3 + 192 * CLASSES,
    model_inside: 192 * 6 + 6 * CLASSES,
    # A convolution; queries, keys, values, and back; each word with each other, twice.
    attention: 16 * 4 * 3 * 12 + 4 * 16 * 12 * 10 + 2 * 16 * 16 * 10 + 12 * CLASSES,
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Callable[..., keras.Model]:
    def of(body: Body, seed: int = 1) -> keras.Model:
        monkeypatch.setattr(mlp, "body", body)
        return build("mlp", MLP, SHAPE, CLASSES, seed)

    return of


@pytest.mark.parametrize("body", COSTS)
def test_multiply_adds_are_those_of_each_product_whatever_layer_it_is_in(built: Callable, body: Body) -> None:
    assert multiply_adds(built(body)) == COSTS[body]


@pytest.mark.parametrize("body", COSTS)
def test_a_seed_decides_every_weight_of_a_network(built: Callable, body: Body) -> None:
    keras.utils.set_random_seed(1)  # to begin elsewhere the second time
    first, second, other = (to_bytes(built(body, seed)) for seed in (1, 1, 2))
    assert first == second != other


@pytest.mark.parametrize("body", COSTS)
def test_a_network_is_read_back_as_it_was_without_anything_of_this_project_or_its_training(
    built: Callable, body: Body, tmp_path: Path
) -> None:
    model, images = built(body), stripes(20).images[:, :8, :8]
    model.compile("adam")
    save(model, tmp_path / "model.keras")
    again, content = load(tmp_path / "model.keras"), (tmp_path / "model.keras").read_bytes()
    assert b"digits." not in content
    assert b"optimizer" not in content
    np.testing.assert_array_equal(again.predict(images, verbose=0), model.predict(images, verbose=0))


def test_normalisation_is_the_fast_one_also_in_a_model_inside(built: Callable) -> None:
    inside = next(layer for layer in built(model_inside).layers if isinstance(layer, keras.Sequential))
    assert [type(layer) for layer in inside.layers][2] is kernels.BatchNormalization


@pytest.mark.parametrize("content", [None, b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_missing_or_broken_model_file_is_one_clear_line(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"model\.keras cannot be read as a model .*`dvc repro` makes it again"):
        load(tmp_path / "model.keras")


def test_layers_of_a_chain_get_their_seeds_in_the_order_in_which_images_pass_them() -> None:
    """As ever: another order would be other models from the same recipes."""
    model, seeds = build("cnn", CNN, (28, 28, 1), 10, seed=7), np.random.default_rng(7)
    given = [
        layer.seed if isinstance(layer, layers.Dropout) else layer.kernel_initializer.seed
        for layer in model.layers
        if isinstance(layer, layers.Conv2D | layers.Dense | layers.Dropout)
    ]
    assert given == [seeds.integers(1, 2**31) for _ in range(5)]


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        (lambda _, inputs: inputs, "(None, 8, 8, 3)"),
        (lambda _, inputs: [layers.Flatten()(inputs)], "list"),
        (lambda *_: None, "NoneType"),
    ],
)
def test_a_body_that_returns_no_features_is_one_line(
    built: Callable, body: Body, returned: str, tensorflow_started: None
) -> None:
    assert f"digits/models/families/mlp.py: body returns {returned}, not a tensor" in error_message(built, body)
    images = stripes(20), stripes(8), stripes(8)
    failure = train(Segment(config(), 0, 1, None, keep_model=True), images).failure
    assert failure.startswith("digits/models/families/mlp.py: body returns")


class Twice(layers.Layer):
    def call(self, inputs: Any) -> Any:
        return 2 * inputs


def test_a_layer_that_only_this_code_knows_is_refused_before_it_is_trained(built: Callable) -> None:
    with pytest.raises(UserError, match=r"^Twice is no layer of Keras's"):
        built(lambda _, inputs: layers.Flatten()(Twice()(inputs)))


def test_a_body_that_fails_is_told_with_its_line_where_it_is_in_its_file(
    built: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error_message(built, lambda *_: 1 / 0).startswith("digits/models/families/mlp.py: ZeroDivisionError: ")
    (tmp_path / "own.py").write_text("def body(*given):\n    return inner()\n\n\ninner = lambda: 1 / 0\n")
    monkeypatch.setattr(families, "__path__", [str(tmp_path)])
    said = error_message(build, "own", MLP, (8, 8, 1), 4, 1)
    assert said.startswith("digits/models/families/own.py, line 5: ZeroDivisionError: ")


def test_the_baseline_cnn_is_the_one_people_know() -> None:
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
def test_a_network_fits_images_of_any_shape_and_number_of_classes(
    family: str, recipe: Recipe, shape: tuple[int, int, int]
) -> None:
    answers = build(family, recipe, shape, 7, seed=1).predict(np.full((3, *shape), 200, np.uint8), verbose=0)
    assert answers.shape == (3, 7)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("recipe", [MLP, CNN])
def test_a_network_that_standardizes_answers_alike_whether_an_image_is_faint_bright_or_dark(recipe: Recipe) -> None:
    family, images = "cnn" if recipe is CNN else "mlp", np.asarray(stripes(20).images, np.float32)
    model = build(family, recipe.model_copy(update={"standardize": True}), images.shape[1:], 4, seed=1)
    answers = [model.predict(each, verbose=0) for each in (images, 0.3 * images + 100, 0.5 * images)]
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-3)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-3)
