"""Training, the same for baseline, tuned and trial: a segment of epochs of a recipe, with a seed, on images."""

import io
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from digits.config.recipe import Recipe
from digits.core.errors import UserError, reason
from digits.data.dataset import Split
from digits.models import keras_file
from digits.models.build import build, multiply_adds
from digits.training.batches import batches_in_order, training_batches
from digits.training.jobs import Epoch, Images, Segment, SegmentResult, TrainingConfig

IMAGES_PER_EVALUATION = 1000  # of 28 × 28; fewer where they are larger
PLAIN_LOSS = "cross_entropy"
# Several steps in one call: between steps, Python takes a good part of a small network's time.
STEPS_PER_CALL = 16


class Diverged(UserError):
    pass


class Training:
    """A model on its way: it can stop after any epoch, and go on elsewhere as if it had not."""

    def __init__(
        self, config: TrainingConfig, data: Split, validation: Split, hard: Split, state: bytes | None = None
    ) -> None:
        larger = max(1, math.prod(data.images.shape[1:3]) / 28**2)
        at_once = math.ceil(IMAGES_PER_EVALUATION / larger)
        self.validation, self.hard = (
            batches_in_order(at_once, split.images, split.labels) for split in (validation, hard)
        )
        self.model = build(config.family, config.recipe, data.images.shape[1:], config.classes, config.seed)
        steps = math.ceil(len(data) / config.recipe.batch_size)
        self.model.compile(
            optimizer=optimizer(config.recipe, steps * config.epochs),
            loss=smoothed(config.recipe.label_smoothing, config.classes),
            metrics=["accuracy", *plain_loss(config.recipe)],
            steps_per_execution=min(STEPS_PER_CALL, steps),
            jit_compile=False,  # on a GPU Keras would let XLA compile: 20 s a model, to save half a second an epoch
        )
        self.model.optimizer.build(self.model.trainable_variables)
        # Metrics make their variables when they first measure. In a first step, TensorFlow would trace it once more.
        self.model.compute_metrics(None, data.labels[:1], np.zeros((1, config.classes), np.float32))
        self.sizes = {"parameters": self.model.count_params(), "multiply_adds": multiply_adds(self.model)}
        self.batches = training_batches(data, config.recipe, config.seed)
        if state is not None:
            self.restore(state)

    def epoch(self, number: int) -> Epoch:
        seen = {
            name: last
            for name, [last] in self.model.fit(self.batches(number), shuffle=False, verbose=0).history.items()
        }
        after, harder = (
            self.model.evaluate(images, verbose=0, return_dict=True) for images in (self.validation, self.hard)
        )
        epoch = {"epoch": number} | measures(seen, "") | measures(after, "validation_")
        epoch["validation_hard_accuracy"] = round(harder["accuracy"], 6)
        for name in ("loss", "validation_loss"):
            if not math.isfinite(epoch[name]):
                what = name.replace("_", " ")
                raise Diverged(f"the {what} became {epoch[name]} in epoch {number}; lower the learning rate")
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


# So long after the last checkpoint, the next is worth its cost: some megabytes on their way to the driver's disk.
SECONDS_BETWEEN_CHECKPOINTS = 5.0


# A training whose next segment comes here in all likelihood: nothing needs to be built or traced again. It is one at
# most, with its epochs done and its images, for a process trains one model at a time.
unfinished: list[tuple[Training, tuple[TrainingConfig, int], Images]] = []


def train(segment: Segment, images: Images) -> SegmentResult:
    """Always returns, also when training fails: what becomes of that is for the driver to decide."""
    started, worked, epochs = time.perf_counter(), time.process_time(), []

    def result(**more: Any) -> SegmentResult:
        spent = {"seconds": time.perf_counter() - started, "core_seconds": time.process_time() - worked}
        return SegmentResult(epochs=epochs, **more, **spent)

    try:
        training, model = taken_up(segment, images), None
        for number in range(segment.done + 1, segment.until + 1):
            epochs.append(training.epoch(number))
            if time.perf_counter() - started > SECONDS_BETWEEN_CHECKPOINTS:
                break
        if segment.keep_model and number == segment.config.epochs:
            model = keras_file.to_bytes(training.model)
        if number < segment.config.epochs:
            unfinished.append((training, (segment.config, number), images))
        return result(state=training.state(), model=model, **training.sizes)
    except (Exception, SystemExit) as error:  # out of memory, diverged, a mistake in a family's code: all say why
        return result(failure=reason(error))


def taken_up(segment: Segment, images: Images) -> Training:
    training, place, seen = unfinished.pop() if unfinished else (None, None, None)
    if place == (segment.config, segment.done) and seen is images:
        return training
    return Training(segment.config, *images, segment.state)


def smoothed(smoothing: float, classes: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | str:
    """Keras smooths only labels that are given as probabilities."""
    if not smoothing:
        return "sparse_categorical_crossentropy"

    def loss(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        targets = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), classes)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=smoothing)

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
    return keras.optimizers.Adam(rate, weight_decay=decay)


def schedule(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    rate = recipe.learning_rate
    if recipe.schedule == "constant":
        return rate
    if recipe.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(rate, steps)
    rise = max(1, steps // 4)
    return keras.optimizers.schedules.CosineDecay(rate / 25, steps - rise, warmup_target=rate, warmup_steps=rise)
