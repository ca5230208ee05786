"""Keras Tuner's own searches as its guides have them: one trial after the other, with TensorFlow's own threads."""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import keras
import keras_tuner

from benchmarks.plain import compiled, network
from digits.config.recipe import Recipe
from digits.data.dataset import Split
from digits.evaluation.objective import score
from digits.search.brackets import FACTOR
from digits.search.oracle import OBJECTIVE, as_given, space_of
from digits.search.search import SearchConfig

# Keras Tuner imports it before each trial, for callbacks that nobody asks for here. TensorFlow no longer brings it, and
# without it each trial fails: an empty module in its place is enough.
NOT_INSTALLED = "tensorboard.plugins.hparams"
WITHOUT_END = 1_000

Feed = Callable[[Split, Recipe], dict[str, Any]]  # what `model.fit` is given
History = list[tuple[float, dict[str, float]]]  # of each epoch in turn, when it ended and what it measured


def search(config: SearchConfig, images: tuple[Split, ...], feed: Feed, max_epochs: int) -> tuple[Recipe, History]:
    """The recipe of the best of so many epochs. Corrupted images are only for `balanced`."""
    sys.modules.setdefault(NOT_INSTALLED, SimpleNamespace(api=None))
    keras.utils.set_random_seed(config.baseline.seed)
    model, epochs = Classifier(config, images, feed, max_epochs), config.plan.rungs[-1]
    with tempfile.TemporaryDirectory() as folder, suppress(Enough):
        tuner = tuner_of(config.method, epochs)(
            model,
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            seed=config.baseline.seed,
            hyperparameters=space_of(config.plan),
            directory=folder,
        )
        tuner.search(epochs=epochs, validation_data=model.validation, verbose=0)
    if failed := [trial.message for trial in tuner.oracle.trials.values() if trial.message]:
        raise RuntimeError(f"trials of the plain search failed, which is no fair comparison: {failed[0]}")
    return model.best, model.history


def tuner_of(method: str, epochs: int) -> Callable[..., keras_tuner.Tuner]:
    if method == "bayesian":
        # Its default, three for each hyperparameter, would make of so short a search a random one.
        return partial(keras_tuner.BayesianOptimization, max_trials=WITHOUT_END, num_initial_points=4)
    if method == "random":
        return partial(keras_tuner.RandomSearch, max_trials=WITHOUT_END)
    # Also for halving, which Keras Tuner does not have.
    return partial(keras_tuner.Hyperband, max_epochs=epochs, factor=FACTOR, hyperband_iterations=WITHOUT_END)


class Classifier(keras_tuner.HyperModel):
    def __init__(self, config: SearchConfig, images: tuple[Split, ...], feed: Feed, max_epochs: int) -> None:
        super().__init__()
        self.config, self.feed, self.max_epochs, self.history = config, feed, max_epochs, History()
        self.best, self.objective = config.baseline.recipe, float("-inf")
        self.data, *held_out = images
        self.validation, *self.corrupted = ((split.images, split.labels) for split in held_out)

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        return self.config.baseline.recipe.model_copy(update=as_given(hp.values, self.config.plan))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        recipe, baseline = self.recipe(hp), self.config.baseline
        model = network(baseline.family, recipe, self.data.images.shape[1:], baseline.n_classes)
        # The optimizer of a trial that goes on is a new one, so its schedule spans what is still to come.
        epochs = hp.values.get("tuner/epochs", baseline.epochs) - hp.values.get("tuner/initial_epoch", 0)
        return compiled(model, recipe, baseline.n_classes, epochs * -(-len(self.data) // recipe.batch_size))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, **more: Any) -> Any:
        recipe = self.recipe(hp)
        watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: self.on_epoch_end(recipe, model, logs))
        more["callbacks"] = [watch, *more["callbacks"]]
        return model.fit(**self.feed(self.data, recipe), **more)

    def on_epoch_end(self, recipe: Recipe, model: keras.Model, logs: dict[str, float]) -> None:
        """Gives the tuner our objective of each epoch, and ends the search after the last."""
        measured = {"accuracy": logs["val_accuracy"], "loss": logs["val_loss"], "corrupted_accuracy": 0.0}
        for images, labels in self.corrupted:
            measured["corrupted_accuracy"] = model.evaluate(images, labels, verbose=0, return_dict=True)["accuracy"]
        epoch = {f"validation_{name}": value for name, value in measured.items()}
        logs[OBJECTIVE] = score(epoch, self.config.objective)
        self.history.append((time.time(), epoch))
        if logs[OBJECTIVE] > self.objective:
            self.best, self.objective = recipe, logs[OBJECTIVE]
        if len(self.history) >= self.max_epochs:
            raise Enough


class Enough(BaseException):
    """Not an Exception: Keras Tuner takes those for a trial that failed."""
