"""The whole search, against Keras Tuner's own `Hyperband.search` in a plain script

Same family (the MLP), space, seed, images, augmentation and longest trial; both from the start of Python. Ours runs
to its end, with params.yaml's workers. The plain search goes on, bracket after bracket, until an epoch of any of its
trials has the validation accuracy of our winner, and is stopped at three times our seconds; so ours is first in each
pair. It trains one trial at a time, with the networks and optimizers of Keras's guides and TensorFlow's own choice of
threads.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import keras_tuner
import tensorflow as tf

from benchmarks.plain import compiled, network
from benchmarks.run import Row, fresh, main
from benchmarks.trainings import images, training_config
from digits.common.files import read_json, write_json
from digits.common.paths import CLASSES, PREPARED, search_file
from digits.data import dataset
from digits.data.dataset import Split
from digits.families import hyperparameters
from digits.models.recipe import Recipe
from digits.params.load import parameter, read
from digits.params.schema import Search
from digits.search.oracle import as_given, space_of
from digits.training.augmentation import augment

ROOT, FAMILY, PATIENCE = Path(__file__).parent.parent, "mlp", 3
# Keras Tuner imports it before each trial, for callbacks that nobody asks for here. TensorFlow no longer brings it, and
# without it each trial fails: an empty module in its place is enough.
NOT_INSTALLED = "tensorboard.plugins.hparams"
WITHOUT_END = 1_000


def measure(pairs: int, count: int | None) -> list[Row]:
    ratios, notes, stopped = [], [], False
    for seed in range(1, pairs + 1):
        goal, seconds = ours(seed, count)
        started = time.time()
        best, ended, epochs = fresh(plain, seed, count, goal, started + PATIENCE * seconds)
        ratios.append((ended - started) / seconds if best >= goal else PATIENCE)
        stopped = stopped or best < goal
        others = f"plain {best:.2%} in {ended - started:.0f} s with {epochs} epochs"
        notes.append(f"ours {goal:.2%} in {seconds:.0f} s, {others}")
        print(notes[-1], flush=True)
    what = "seconds to our search's best validation accuracy: plain Hyperband / ours"
    return [Row(what, ratios, aim=2.0, at_least=stopped, note="; ".join(notes))]


def ours(seed: int, count: int | None) -> tuple[float, float]:
    """The winner's validation accuracy and the seconds of the stage, which begins anew in a folder of its own."""
    parameters = read()
    parameters["tune"] |= {"seed": seed, "objective": "accuracy"}  # as the plain search's
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_json(folder / "params.yaml", parameters)
        for part, most in (("train", count), ("validation", None), ("hard", None)):
            dataset.save(images(part, most), folder / PREPARED / part)
        shutil.copy(CLASSES, folder / CLASSES)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": name, "DIGITS_TRACKING": "off"}
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "stages.tune", FAMILY], check=True, cwd=folder, env=environment)
        seconds, found = time.perf_counter() - started, read_json(folder / search_file(FAMILY))
    return found["trials"][found["best_trial"]]["validation_accuracy"], seconds


def plain(seed: int, count: int | None, goal: float, until: float) -> tuple[float, float, int]:
    """Its best validation accuracy, the time of the last epoch that it was given, and how many that were."""
    sys.modules.setdefault(NOT_INSTALLED, SimpleNamespace(api=None))
    keras.utils.set_random_seed(seed)
    watch, validation = Watch(goal, until), images("validation")
    model = Classifier(images("train", count), watch)
    with tempfile.TemporaryDirectory() as folder, suppress(Enough):
        tuner = keras_tuner.Hyperband(
            model,
            objective=keras_tuner.Objective("val_accuracy", "max"),
            max_epochs=model.plan.rungs[-1],
            hyperband_iterations=WITHOUT_END,
            seed=seed,
            hyperparameters=space_of(model.plan),
            directory=folder,
        )
        tuner.search(validation_data=(validation.images, validation.labels), verbose=0)
    if failed := [trial.message for trial in tuner.oracle.trials.values() if trial.message]:
        raise RuntimeError(f"trials of the plain search failed, which is no fair comparison: {failed[0]}")
    return watch.best, watch.now, watch.epochs


class Classifier(keras_tuner.HyperModel):
    def __init__(self, data: Split, watch: "Watch") -> None:
        super().__init__()
        self.data, self.watch, self.plan = data, watch, parameter(Search[hyperparameters(FAMILY)], f"tune.{FAMILY}")
        self.baseline = training_config(FAMILY, "baseline", self.plan.rungs[-1], seed=1)

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        values = {name: hp.values[name] for name in self.plan.space}
        return self.baseline.recipe.model_copy(update=as_given(values, self.plan))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        recipe, classes = self.recipe(hp), self.baseline.classes
        model = network(FAMILY, recipe, self.data.images.shape[1:], classes)
        # The optimizer of a trial that goes on is a new one, so its schedule spans what is still to come.
        epochs = hp.values.get("tuner/epochs", self.plan.rungs[-1]) - hp.values.get("tuner/initial_epoch", 0)
        return compiled(model, recipe, classes, epochs * -(-len(self.data) // recipe.batch_size))

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, **more: Any) -> Any:
        more["callbacks"] = [*more["callbacks"], self.watch]  # Keras Tuner copies those that `search` is given
        return model.fit(batches(self.data, self.recipe(hp)), shuffle=False, **more)


def batches(data: Split, recipe: Recipe) -> tf.data.Dataset:
    def augmented(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        seed = tf.random.uniform((2,), maxval=tf.int32.max, dtype=tf.int32)
        return augment(images, recipe, seed), labels

    ready = tf.data.Dataset.from_tensor_slices((data.images, data.labels)).shuffle(len(data)).batch(recipe.batch_size)
    return ready.map(augmented, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


class Enough(BaseException):
    """Not an Exception: Keras Tuner takes those for a trial that failed."""


class Watch(keras.callbacks.Callback):
    """Ends the search when an epoch has reached the goal, or when time is up."""

    def __init__(self, goal: float, until: float) -> None:
        super().__init__()
        self.goal, self.until, self.best, self.epochs, self.now = goal, until, 0.0, 0, time.time()

    def on_epoch_end(self, _epoch: int, logs: dict[str, float]) -> None:
        self.epochs, self.now = self.epochs + 1, time.time()
        self.best = max(self.best, round(logs["val_accuracy"], 6))  # as many digits as our search keeps
        if self.best >= self.goal or self.now > self.until:
            raise Enough


if __name__ == "__main__":
    main(measure, pairs=1)
