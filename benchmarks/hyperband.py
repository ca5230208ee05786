"""The script that people write with Keras Tuner: a model to build, a way to fit it, and `Hyperband.search`."""

import contextlib
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import Any

import keras
import keras_tuner
import tensorflow as tf
from digits.training.augment import augment, wanted

from benchmarks.plain import compiled, network
from digits.data.dataset import Split
from digits.models.recipe import Recipe
from digits.params.schema import Search
from digits.search.oracle import as_given, space_of
from digits.training.jobs import TrainingConfig

# Keras Tuner imports it before each trial, for callbacks that nobody asks for here. TensorFlow no longer brings it, and
# without it each trial fails: an empty module in its place, in this process only, is enough.
NOT_INSTALLED = "tensorboard.plugins.hparams"
WITHOUT_END = 1_000


class Enough(BaseException):
    """Not an Exception: Keras Tuner takes those for a trial that failed."""


class Watch(keras.callbacks.Callback):
    """Ends the search when an epoch has reached the goal, or when time is up."""

    def __init__(self, goal: float, until: float) -> None:
        super().__init__()
        self.goal, self.until, self.best, self.epochs, self.now = goal, until, 0.0, 0, time.time()

    def on_epoch_end(self, _epoch: int, logs: dict[str, float]) -> None:
        self.epochs, self.now = self.epochs + 1, time.time()
        # As many digits as our search keeps.
        self.best = max(self.best, round(logs["val_accuracy"], 6))
        if self.best >= self.goal or self.now > self.until:
            raise Enough


class Classifier(keras_tuner.HyperModel):
    def __init__(self, plan: Search, baseline: TrainingConfig, data: Split, watch: Watch) -> None:
        super().__init__()
        self.plan, self.baseline, self.data, self.watch = plan, baseline, data, watch

    def chosen(self, hp: keras_tuner.HyperParameters) -> Recipe:
        values = {name: hp.values[name] for name in self.plan.space}
        return self.baseline.recipe.model_copy(update=as_given(values, self.plan))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        recipe, classes = self.chosen(hp), self.baseline.classes
        model = network(self.baseline.family, recipe, self.data.images.shape[1:], classes)
        # The optimizer of a trial that goes on is a new one, so its schedule spans what is still to come.
        epochs = hp.values.get("tuner/epochs", self.plan.rungs[-1]) - hp.values.get("tuner/initial_epoch", 0)
        return compiled(model, recipe, classes, epochs * -(-len(self.data) // recipe.batch_size))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, validation: Split, **more: Any) -> Any:
        more["callbacks"] = [*more["callbacks"], self.watch]
        return model.fit(
            batches(self.data, self.chosen(hp)),
            validation_data=(validation.images, validation.labels),
            shuffle=False,
            **more,
        )


def batches(data: Split, recipe: Recipe) -> tf.data.Dataset:
    ready = tf.data.Dataset.from_tensor_slices((data.images, data.labels)).shuffle(len(data)).batch(recipe.batch_size)
    if wanted(recipe):
        ready = ready.map(lambda images, labels: (augment(images, recipe, draw()), labels), tf.data.AUTOTUNE)
    return ready.prefetch(tf.data.AUTOTUNE)


def draw() -> tf.Tensor:
    return tf.random.uniform((2,), maxval=tf.int32.max, dtype=tf.int32)


def hyperband(plan: Search, baseline: TrainingConfig, splits: tuple[Split, Split], watch: Watch) -> None:
    sys.modules.setdefault(NOT_INSTALLED, SimpleNamespace(api=None))
    data, validation = splits
    keras.utils.set_random_seed(baseline.seed)
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.Hyperband(
            Classifier(plan, baseline, data, watch),
            objective=keras_tuner.Objective("val_accuracy", "max"),
            max_epochs=plan.rungs[-1],
            hyperband_iterations=WITHOUT_END,
            seed=baseline.seed,
            hyperparameters=space_of(plan),
            directory=folder,
        )
        with contextlib.suppress(Enough):
            tuner.search(validation, verbose=0)
    if failed := [trial.message for trial in tuner.oracle.trials.values() if trial.message]:
        raise RuntimeError(f"trials of the plain search failed, which is no fair comparison: {failed[0]}")
