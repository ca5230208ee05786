"""One training in segments, on a few hundred synthetic images."""

import math

import pytest

from digits.config.recipe import Recipe
from digits.training import trainer
from digits.training.jobs import Segment, TrainingConfig
from digits.training.network import Network
from digits.training.trainer import train
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, config

DATA = stripes(160), stripes(40, seed=1), stripes(40, seed=2)


@pytest.fixture(autouse=True)
def segments_never_end_early(tensorflow_started: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "MAX_SEGMENT_SECONDS", math.inf)


def segment(training: TrainingConfig, start: int, end: int, state: bytes | None = None) -> Segment:
    return Segment(training, start, end, state, keep_model=True)


@pytest.mark.parametrize(
    "recipe", [MLP, CNN.model_copy(update=AUGMENTED | {"schedule": "one_cycle", "batch_norm": True})]
)
def test_a_training_resumed_in_another_process_ends_with_the_same_bits(recipe: Recipe) -> None:
    training = config(recipe, epochs=4)
    first = train(segment(training, 0, 1), DATA)
    trainer.cache.training = None  # as in another process
    second = train(segment(training, 1, 4, first.state), DATA)
    unbroken = train(segment(training, 0, 4), DATA)
    assert first.epochs + second.epochs == unbroken.epochs
    assert (second.state, second.model) == (unbroken.state, unbroken.model)
    assert first.model is None
    assert second.model.startswith(b"PK")


def test_a_training_resumed_in_the_same_process_keeps_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    training = config(epochs=3)
    first = train(segment(training, 0, 1), DATA)
    model = trainer.cache.training.network.model
    second = train(segment(training, 1, 2, first.state), DATA)
    assert trainer.cache.training.network.model is model
    other_data = (*DATA,)[::-1]
    train(segment(training, 2, 3, second.state), other_data)
    assert trainer.cache.training is None  # a training with other images, which has ended


def test_a_long_segment_ends_after_an_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trainer, "MAX_SEGMENT_SECONDS", 0.0)
    result = train(segment(config(epochs=3), 0, 3), DATA)
    assert [epoch["epoch"] for epoch in result.epochs] == [1]
    assert (result.model, result.failure) == (None, None)


def test_a_model_is_returned_only_with_keep_model() -> None:
    assert train(Segment(config(epochs=1), 0, 1, None, keep_model=False), DATA).model is None


def test_divergence_is_a_failure_with_its_reason() -> None:
    divergent = CNN.model_copy(update={"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0})
    result = train(segment(config(divergent, epochs=20), 0, 20), DATA)
    assert "the loss became nan in epoch" in result.failure
    assert result.state is None


@pytest.mark.parametrize("error", [MemoryError, SystemExit])
def test_an_exception_is_a_failure_with_its_reason(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Network, "evaluate", fail)
    assert train(segment(config(), 0, 1), DATA).failure == error.__name__
