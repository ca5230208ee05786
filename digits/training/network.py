"""A compiled network with all that its training needs: batches, metrics, and a state to stop at and go on from."""

import io
import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from digits.config.recipe import Recipe
from digits.core.errors import UserError
from digits.models.build import build, multiply_adds
from digits.training.batches import batches_in_order, training_batches
from digits.training.images import Images
from digits.training.jobs import Epoch, TrainingConfig

IMAGES_PER_EVALUATION = 1000  # of 28 × 28; fewer where they are larger
PLAIN_LOSS = "cross_entropy"
# Several steps in one call: between steps, Python takes a good part of a small network's time.
STEPS_PER_CALL = 16


class Diverged(UserError):
    pass


class Network:
    def __init__(self, config: TrainingConfig, images: Images, state: bytes | None = None) -> None:
        data, validation, corrupted = images
        larger = max(1, math.prod(data.images.shape[1:3]) / 28**2)
        size = math.ceil(IMAGES_PER_EVALUATION / larger)
        self.validation, self.corrupted = (
            batches_in_order(size, each.images, each.labels) for each in (validation, corrupted)
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
        self.sizes = self.model.count_params(), multiply_adds(self.model)
        self.batches = training_batches(data, config.recipe, config.seed)
        if state is not None:
            self.restore(state)

    def evaluate(self, number: int, train_logs: dict[str, list[float]]) -> Epoch:
        """The record of an epoch: what `fit` has logged, and the metrics of the validation images."""
        validation, corrupted = (
            self.model.evaluate(images, verbose=0, return_dict=True) for images in (self.validation, self.corrupted)
        )
        train = {name: last for name, [last] in train_logs.items()}
        epoch = {"epoch": number} | metrics(train, "") | metrics(validation, "validation_")
        epoch["validation_corrupted_accuracy"] = round(corrupted["accuracy"], 6)
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


def metrics(logs: dict[str, float], prefix: str) -> Epoch:
    loss = logs.get(PLAIN_LOSS, logs["loss"])
    return {f"{prefix}accuracy": round(logs["accuracy"], 6), f"{prefix}loss": round(loss, 6)}


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
