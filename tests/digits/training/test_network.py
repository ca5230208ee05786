"""Compiling, training and evaluating a network, on a few hundred synthetic images."""

import hashlib
import math
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from digits.models.keras_file import save
from digits.training.images import TrainingData
from digits.training.jobs import Epoch, TrainingConfig
from digits.training.network import Diverged, Network, learning_rate, optimizer
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, config

DATA = stripes(160), stripes(40, seed=1), stripes(40, seed=2)
METRICS = {"epoch", "accuracy", "loss", "validation_accuracy", "validation_loss", "validation_corrupted_accuracy"}


def fit(training: TrainingConfig, data: TrainingData = DATA) -> tuple[keras.Model, list[Epoch]]:
    network = Network(training, data)
    return network.model, [train_epoch(network, number) for number in range(1, training.epochs + 1)]


def train_epoch(network: Network, number: int) -> Epoch:
    return network.evaluate(number, network.model.fit(network.epoch_batches(number), shuffle=False, verbose=0).history)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_xla_is_off_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = SimpleNamespace(device_type="GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda *_: [gpu])
    assert not Network(config(), DATA).model.jit_compile


def test_a_training_step_is_traced_once() -> None:
    network = Network(config(), DATA)
    network.model.train_step = step = Mock(wraps=network.model.train_step)
    train_epoch(network, 1)
    train_epoch(network, 2)
    assert step.call_count == 1


def test_a_network_learns_and_returns_the_metrics_of_each_epoch() -> None:
    _, epochs = fit(config(epochs=6), (stripes(320), stripes(80, seed=1), stripes(80, seed=1)))
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert epochs[-1]["validation_accuracy"] > 0.9
    assert set(epochs[0]) == METRICS


def test_an_epoch_has_all_its_steps_with_several_steps_per_call() -> None:
    model, _ = fit(config(epochs=2), (stripes(32 * 17 + 5), stripes(8), stripes(8)))
    assert int(model.optimizer.iterations) == 2 * 18


def test_recipe_and_seed_alone_determine_the_model_file(
    tmp_path: Path,
) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        keras.utils.set_random_seed(number)
        model, _ = fit(config(CNN.model_copy(update=AUGMENTED), seed=seed), (stripes(96), stripes(16), stripes(16)))
        save(model, tmp_path / f"{number}.keras")
        digests.append(digest(tmp_path / f"{number}.keras"))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.1 * (1 + math.cos(math.pi / 4)) / 2, 0.05, 0.0, 0.0]),
        ("one_cycle", [0.004, 0.1, 0.1 * (1 + math.cos(math.pi / 3)) / 2, 0.0, 0.0]),
    ],
)
def test_schedules_have_the_expected_rates(schedule: str, expected: list[float]) -> None:
    rate = learning_rate(MLP.model_copy(update={"learning_rate": 0.1, "schedule": schedule}), steps=100)
    steps = (0, 25, 50, 100, 200)
    rates = [rate if isinstance(rate, float) else float(rate(step)) for step in steps]
    assert rates == pytest.approx(expected, abs=1e-6)


def test_weight_decay_shrinks_weights_by_rate_times_decay() -> None:
    for name in ("adam", "sgd"):
        recipe = MLP.model_copy(update={"optimizer": name, "learning_rate": 0.1, "weight_decay": 0.5})
        weight = keras.Variable([2.0])
        optimizer(recipe, 10).apply([tf.constant([0.0])], [weight])
        assert float(weight[0]) == pytest.approx(2.0 * (1 - 0.1 * 0.5))


def test_the_reported_loss_has_no_label_smoothing() -> None:
    model, epochs = fit(config(MLP.model_copy(update={"label_smoothing": 0.3}), epochs=3))
    validation = DATA[1]
    probabilities = model.predict(validation.images, verbose=0)
    loss = -np.log(probabilities[np.arange(40), validation.labels]).mean()
    assert epochs[-1]["validation_loss"] == pytest.approx(loss, abs=1e-5)
    assert set(epochs[0]) == METRICS


def test_an_infinite_validation_loss_is_a_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(config(), DATA)
    monkeypatch.setattr(network.model, "evaluate", lambda *_, **__: {"accuracy": 0.1, "loss": math.inf})
    with pytest.raises(Diverged, match="the validation loss became inf in epoch 1"):
        train_epoch(network, 1)
