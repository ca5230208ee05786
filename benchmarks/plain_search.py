"""Keras Tuner's own searches as its guides show them: one trial after another, with TensorFlow's default threads."""

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

from benchmarks.plain import build_network, compile_model
from digits.config.recipe import Recipe
from digits.data.dataset import Split
from digits.evaluation.objective import score
from digits.search.brackets import FACTOR
from digits.search.oracle import OBJECTIVE, restore_types, search_space
from digits.search.search import SearchConfig

# Keras Tuner imports this module before each trial, for callbacks that are not used here. TensorFlow no longer installs
# it, and without it each trial fails; an empty module is enough.
MISSING_MODULE = "tensorboard.plugins.hparams"
UNLIMITED = 1_000

FitArguments = Callable[[Split, Recipe], dict[str, Any]]  # returns the arguments of `model.fit`
History = list[tuple[float, dict[str, float]]]  # for each epoch: the time when it ended, and its metrics


def search(
    config: SearchConfig, splits: tuple[Split, ...], fit_arguments: FitArguments, max_epochs: int
) -> tuple[Recipe, History]:
    """Return the best recipe within the maximum number of epochs, and the history.

    The splits are training and validation images, and for the objective `balanced` corrupted validation images.
    """
    sys.modules.setdefault(MISSING_MODULE, SimpleNamespace(api=None))
    keras.utils.set_random_seed(config.baseline.seed)
    model, epochs = Classifier(config, splits, fit_arguments, max_epochs), config.plan.rungs[-1]
    with tempfile.TemporaryDirectory() as folder, suppress(EpochLimitReached):
        tuner = tuner_class(config.method, epochs)(
            model,
            objective=keras_tuner.Objective(OBJECTIVE, "max"),
            seed=config.baseline.seed,
            hyperparameters=search_space(config.plan),
            directory=folder,
        )
        tuner.search(epochs=epochs, validation_data=model.validation, verbose=0)
    if messages := [trial.message for trial in tuner.oracle.trials.values() if trial.message]:
        raise RuntimeError(f"trials of the plain search failed, so the comparison would be unfair: {messages[0]}")
    return model.best_recipe, model.history


def tuner_class(method: str, epochs: int) -> Callable[..., keras_tuner.Tuner]:
    if method == "bayesian":
        # The default, three initial points per hyperparameter, would make such a short search a random one.
        return partial(keras_tuner.BayesianOptimization, max_trials=UNLIMITED, num_initial_points=4)
    if method == "random":
        return partial(keras_tuner.RandomSearch, max_trials=UNLIMITED)
    # Also for halving, which Keras Tuner does not have.
    return partial(keras_tuner.Hyperband, max_epochs=epochs, factor=FACTOR, hyperband_iterations=UNLIMITED)


class Classifier(keras_tuner.HyperModel):
    def __init__(
        self, config: SearchConfig, splits: tuple[Split, ...], fit_arguments: FitArguments, max_epochs: int
    ) -> None:
        super().__init__()
        self.config, self.fit_arguments, self.max_epochs = config, fit_arguments, max_epochs
        self.history = History()
        self.best_recipe, self.best_objective = config.baseline.recipe, float("-inf")
        self.train, *evaluated = splits
        self.validation, *self.corrupted = ((split.images, split.labels) for split in evaluated)

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        return self.config.baseline.recipe.model_copy(update=restore_types(hp.values, self.config.plan))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        recipe, baseline = self.recipe(hp), self.config.baseline
        model = build_network(baseline.family, recipe, self.train.images.shape[1:], baseline.n_classes)
        # A resumed trial gets a new optimizer, so its schedule spans the remaining epochs.
        epochs = hp.values.get("tuner/epochs", baseline.epochs) - hp.values.get("tuner/initial_epoch", 0)
        return compile_model(model, recipe, baseline.n_classes, epochs * -(-len(self.train) // recipe.batch_size))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, **options: Any) -> Any:
        recipe = self.recipe(hp)
        callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: self.on_epoch_end(recipe, model, logs))
        options["callbacks"] = [callback, *options["callbacks"]]
        return model.fit(**self.fit_arguments(self.train, recipe), **options)

    def on_epoch_end(self, recipe: Recipe, model: keras.Model, logs: dict[str, float]) -> None:
        """Add the project's objective to the logs, which the tuner reads, and end the search after the last epoch."""
        values = {"accuracy": logs["val_accuracy"], "loss": logs["val_loss"], "corrupted_accuracy": 0.0}
        for images, labels in self.corrupted:
            values["corrupted_accuracy"] = model.evaluate(images, labels, verbose=0, return_dict=True)["accuracy"]
        metrics = {f"validation_{name}": value for name, value in values.items()}
        logs[OBJECTIVE] = score(metrics, self.config.objective)
        self.history.append((time.time(), metrics))
        if logs[OBJECTIVE] > self.best_objective:
            self.best_recipe, self.best_objective = recipe, logs[OBJECTIVE]
        if len(self.history) >= self.max_epochs:
            raise EpochLimitReached


class EpochLimitReached(BaseException):
    """Not an Exception, which Keras Tuner would record as a failed trial."""
