"""One training, segment by segment, on a few hundred made-up images."""

import math

import pytest

from digits.config.recipe import Recipe
from digits.training import trainer
from digits.training.jobs import Segment, TrainingConfig
from digits.training.network import Network
from digits.training.trainer import train
from tests.images import stripes
from tests.recipes import AUGMENTED, CNN, MLP, config

IMAGES = stripes(160), stripes(40, seed=1), stripes(40, seed=2)


@pytest.fixture(autouse=True)
def a_slow_machine_ends_no_segment_early(tensorflow_started: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_CHECKPOINTS", math.inf)


def segment(of: TrainingConfig, done: int, until: int, state: bytes | None = None) -> Segment:
    return Segment(of, done, until, state, keep_model=True)


@pytest.mark.parametrize(
    "recipe", [MLP, CNN.model_copy(update=AUGMENTED | {"schedule": "one_cycle", "batch_norm": True})]
)
def test_a_training_that_goes_on_elsewhere_ends_with_the_same_bits(recipe: Recipe) -> None:
    whole = config(recipe, epochs=4)
    first = train(segment(whole, 0, 1), IMAGES)
    trainer.warm_training.clear()  # as in another process
    second = train(segment(whole, 1, 4, first.state), IMAGES)
    at_once = train(segment(whole, 0, 4), IMAGES)
    assert first.epochs + second.epochs == at_once.epochs
    assert (second.state, second.model) == (at_once.state, at_once.model)
    assert first.model is None
    assert second.model.startswith(b"PK")


def test_a_training_that_goes_on_where_it_was_is_not_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = config(epochs=3)
    first = train(segment(whole, 0, 1), IMAGES)
    model = trainer.warm_training[0][0].model
    second = train(segment(whole, 1, 2, first.state), IMAGES)
    assert trainer.warm_training[0][0].model is model
    other_images = (*IMAGES,)[::-1]
    train(segment(whole, 2, 3, second.state), other_images)
    assert not trainer.warm_training  # another training, which has come to its end


def test_a_segment_that_takes_long_ends_after_an_epoch_so_that_little_can_be_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    result = train(segment(config(epochs=3), 0, 3), IMAGES)
    assert [epoch["epoch"] for epoch in result.epochs] == [1]
    assert (result.model, result.failure) == (None, None)


def test_a_model_is_given_only_where_one_is_wanted() -> None:
    assert train(Segment(config(epochs=1), 0, 1, None, keep_model=False), IMAGES).model is None


def test_a_training_that_diverges_fails_with_its_reason() -> None:
    wild = CNN.model_copy(update={"optimizer": "sgd", "learning_rate": 10.0, "weight_decay": 1.0})
    result = train(segment(config(wild, epochs=20), 0, 20), IMAGES)
    assert "the loss became nan in epoch" in result.failure
    assert result.state is None


@pytest.mark.parametrize("error", [MemoryError, SystemExit])
def test_a_training_that_raises_fails_with_its_reason(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(Network, "evaluate", failing)
    assert train(segment(config(), 0, 1), IMAGES).failure == error.__name__
