"""A search by Keras Tuner's own Hyperband, in the same space, which trains as many epochs as ours and then ends."""

import sys
import tempfile
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import keras
import keras_tuner

from benchmarks.plain import compiled, fed, network
from digits.data.dataset import Split
from digits.families import hyperparameters
from digits.models.recipe import Recipe
from digits.params.load import parameter
from digits.params.schema import Search, Seed
from digits.search.halving import length
from digits.search.oracle import as_given, space_of
from digits.training.jobs import TrainingConfig

# Keras Tuner imports it before each trial, and TensorFlow no longer brings it: an empty module is enough.
NOT_INSTALLED = "tensorboard.plugins.hparams"
WITHOUT_END = 1_000


def best(baseline: TrainingConfig, data: Split, validation: Split) -> Recipe:
    sys.modules.setdefault(NOT_INSTALLED, SimpleNamespace(api=None))
    tried, seed = Tried(baseline, data), parameter(Seed, "tune.seed")
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.Hyperband(
            tried,
            objective="val_accuracy",
            max_epochs=tried.plan.rungs[-1],
            hyperband_iterations=WITHOUT_END,
            seed=seed,
            hyperparameters=space_of(tried.plan),
            directory=folder,
        )
        with suppress(Enough):
            tuner.search(validation_data=(validation.images, validation.labels), verbose=0)
    if failed := [trial.message for trial in tuner.oracle.trials.values() if trial.message]:
        raise RuntimeError(f"trials of the plain search failed, which is no fair comparison: {failed[0]}")
    return tried.recipe(tuner.get_best_hyperparameters()[0])


class Tried(keras_tuner.HyperModel):
    def __init__(self, baseline: TrainingConfig, data: Split) -> None:
        super().__init__()
        self.baseline, self.data = baseline, data
        self.plan = parameter(Search[hyperparameters(baseline.family)], f"tune.{baseline.family}")
        self.epochs_left = length(self.plan)

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        chosen = {name: hp.values[name] for name in self.plan.space}
        return self.baseline.recipe.model_copy(update=as_given(chosen, self.plan))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        recipe, classes = self.recipe(hp), self.baseline.classes
        # The optimizer of a trial that goes on is a new one, so its schedule spans what is still to come. Before the
        # first trial, a network is built only to be looked at.
        epochs = hp.values.get("tuner/epochs", 1) - hp.values.get("tuner/initial_epoch", 0)
        model = network(self.baseline.family, recipe, self.data.images.shape[1:], classes)
        return compiled(model, recipe, classes, epochs * -(-len(self.data) // recipe.batch_size))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, callbacks: list[Any], **more: Any) -> Any:
        counted = keras.callbacks.LambdaCallback(on_epoch_begin=self.spend)
        return model.fit(**fed(self.data, self.recipe(hp)), callbacks=[*callbacks, counted], **more)

    def spend(self, _epoch: int, _logs: dict[str, float]) -> None:
        """Before an epoch, so that a trial which has come to its end with the last one counts."""
        if self.epochs_left == 0:
            raise Enough
        self.epochs_left -= 1


class Enough(BaseException):
    """Not an Exception: Keras Tuner takes those for a trial that failed."""
