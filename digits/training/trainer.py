"""One training, the same for baseline, tuned and trial: (recipe, images, seed, epochs) → a model and its curve."""

import io
import math
import time
from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from digits.common.errors import UserError, reason
from digits.data.dataset import Split
from digits.models import kernels
from digits.models.build import build, multiply_adds
from digits.models.recipe import Recipe
from digits.training.batches import batches
from digits.training.feed import in_order
from digits.training.jobs import Epoch, Segment, SegmentResult, TrainingConfig

IMAGES_PER_EVALUATION = 1000
PLAIN_LOSS = "cross_entropy"
# Several steps in one call: between steps, Python takes a good part of a small network's time.
STEPS_PER_CALL = 16


class Diverged(UserError):
    pass


class Training:
    """A model on its way: it can stop after any epoch, and go on elsewhere as if it had not."""

    def __init__(self, job: TrainingConfig, data: Split, validation: Split, state: bytes | None = None) -> None:
        self.validation = in_order(IMAGES_PER_EVALUATION, validation.images, validation.labels)
        self.model = build(job.family, job.recipe, data.images.shape[1:], job.classes, job.seed)
        steps = math.ceil(len(data) / job.recipe.batch_size)
        self.model.compile(
            optimizer=optimizer(job.recipe, steps * job.epochs),
            loss=smoothed(job.recipe.label_smoothing, job.classes),
            metrics=["accuracy", *plain_loss(job.recipe)],
            steps_per_execution=min(STEPS_PER_CALL, steps),
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.batches = batches(data, job.recipe, job.seed)
        if state is not None:
            self.restore(state)

    def epoch(self, number: int) -> Epoch:
        seen = {
            name: last
            for name, [last] in self.model.fit(self.batches(number), shuffle=False, verbose=0).history.items()
        }
        after = self.model.evaluate(self.validation, verbose=0, return_dict=True)
        epoch = {"epoch": number} | measures(seen, "") | measures(after, "validation_")
        if not math.isfinite(epoch["loss"]):
            raise Diverged(f"the loss became {epoch['loss']} in epoch {number}; lower the learning rate")
        return epoch

    def variables(self) -> list[keras.Variable]:
        """Weights, statistics, the state of each random generator, and all that the optimizer remembers."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def state(self) -> bytes:
        file = io.BytesIO()
        np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in self.variables()))
        return file.getvalue()

    def restore(self, state: bytes) -> None:
        with np.load(io.BytesIO(state)) as arrays:
            for variable, name in zip(self.variables(), arrays.files, strict=True):
                variable.assign(arrays[name])


def train(
    job: TrainingConfig, data: Split, validation: Split, after_epoch: Callable[[Epoch], None]
) -> tuple[keras.Model, list[Epoch]]:
    training, curve = Training(job, data, validation), []
    for number in range(1, job.epochs + 1):
        curve.append(training.epoch(number))
        after_epoch(curve[-1])
    return training.model, curve


def run(leg: Segment, data: Split, validation: Split, after_epoch: Callable[[Epoch], None]) -> SegmentResult:
    """It always returns, also when training fails: a search goes on without that recipe."""
    started, ran = time.process_time(), SegmentResult([], None)
    try:
        training = Training(leg.job, data, validation, leg.state)
        ran = replace(ran, multiply_adds=multiply_adds(training.model))
        for number in range(leg.done + 1, leg.until + 1):
            ran.epochs.append(training.epoch(number))
            after_epoch(ran.epochs[-1])
        ran = replace(ran, state=training.state())
    except Exception as error:  # out of memory, diverged, a mistake in a family's code: all say why
        ran = replace(ran, failure=reason(error))
    return replace(ran, core_seconds=time.process_time() - started)


def smoothed(smoothing: float, classes: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | str:
    """Keras smooths only labels that are given as probabilities."""
    if not smoothing:
        return "sparse_categorical_crossentropy"

    def loss(labels: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        wanted = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), classes)
        return keras.losses.categorical_crossentropy(wanted, answers, label_smoothing=smoothing)

    return loss


def plain_loss(recipe: Recipe) -> list[keras.metrics.Metric]:
    """Without smoothing, so that recipes can be compared."""
    return [keras.metrics.SparseCategoricalCrossentropy(name=PLAIN_LOSS)] if recipe.label_smoothing else []


def measures(values: dict[str, float], prefix: str) -> Epoch:
    loss = values.get(PLAIN_LOSS, values["loss"])
    return {f"{prefix}accuracy": round(values["accuracy"], 6), f"{prefix}loss": round(loss, 6)}


def optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate, decay = schedule(recipe, steps), recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
    return kernels.Adam(rate, weight_decay=decay)


def schedule(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    rate = recipe.learning_rate
    if recipe.schedule == "constant":
        return rate
    if recipe.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(rate, steps)
    rise = max(1, steps // 4)
    return keras.optimizers.schedules.CosineDecay(rate / 25, steps - rise, warmup_target=rate, warmup_steps=rise)
