"""A compiled network with its batches and metrics, and with a state to save and resume from."""

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
from digits.training.images import TrainingData
from digits.training.jobs import Epoch, TrainingConfig

EVALUATION_BATCH_SIZE = 1000  # for images of 28 × 28; smaller for larger images
UNSMOOTHED_LOSS = "cross_entropy"
# Several steps per call, because between calls, Python's overhead dominates for small networks.
STEPS_PER_EXECUTION = 16


class Diverged(UserError):
    pass


class Network:
    def __init__(self, config: TrainingConfig, data: TrainingData, state: bytes | None = None) -> None:
        train, validation, corrupted = data
        relative_size = max(1, math.prod(train.images.shape[1:3]) / 28**2)
        batch_size = math.ceil(EVALUATION_BATCH_SIZE / relative_size)
        self.validation, self.corrupted = (
            batches_in_order(batch_size, split.images, split.labels) for split in (validation, corrupted)
        )
        self.model = build(config.family, config.recipe, train.images.shape[1:], config.n_classes, config.seed)
        steps = math.ceil(len(train) / config.recipe.batch_size)
        self.model.compile(
            optimizer=optimizer(config.recipe, steps * config.epochs),
            loss=cross_entropy(config.recipe.label_smoothing, config.n_classes),
            metrics=["accuracy", *unsmoothed_loss(config.recipe)],
            steps_per_execution=min(STEPS_PER_EXECUTION, steps),
            jit_compile=False,  # Keras compiles with XLA on a GPU: 20 s per model, to save half a second per epoch
        )
        self.model.optimizer.build(self.model.trainable_variables)
        # Metrics create their variables when first used; inside the first step, that would trace the step twice.
        self.model.compute_metrics(None, train.labels[:1], np.zeros((1, config.n_classes), np.float32))
        self.n_parameters, self.multiply_adds = self.model.count_params(), multiply_adds(self.model)
        self.epoch_batches = training_batches(train, config.recipe, config.seed)
        if state is not None:
            self.load_state(state)

    def evaluate(self, number: int, train_logs: dict[str, list[float]]) -> Epoch:
        """Return the metrics of an epoch: those that `fit` has logged, and those on the validation images.

        Raise Diverged if a loss is infinite or not a number.
        """
        validation, corrupted = (
            self.model.evaluate(batches, verbose=0, return_dict=True) for batches in (self.validation, self.corrupted)
        )
        train = {name: value for name, [value] in train_logs.items()}
        epoch = {"epoch": number} | accuracy_and_loss(train, "") | accuracy_and_loss(validation, "validation_")
        epoch["validation_corrupted_accuracy"] = round(corrupted["accuracy"], 6)
        for name in ("loss", "validation_loss"):
            if not math.isfinite(epoch[name]):
                loss = name.replace("_", " ")
                raise Diverged(f"the {loss} became {epoch[name]} in epoch {number}; lower the learning rate")
        return epoch

    def variables(self) -> list[keras.Variable]:
        """Return the variables of the model (with its random generators) and of the optimizer."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def state(self) -> bytes:
        file = io.BytesIO()
        np.savez(file, *(keras.ops.convert_to_numpy(variable) for variable in self.variables()))
        return file.getvalue()

    def load_state(self, state: bytes) -> None:
        with np.load(io.BytesIO(state)) as arrays:
            for variable, name in zip(self.variables(), arrays.files, strict=True):
                variable.assign(arrays[name])


def cross_entropy(label_smoothing: float, n_classes: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | str:
    """Return the loss. Keras's sparse cross-entropy has no label smoothing, so smoothed labels become one-hot first."""
    if not label_smoothing:
        return "sparse_categorical_crossentropy"

    def loss(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        targets = tf.one_hot(tf.cast(tf.reshape(labels, [-1]), tf.int32), n_classes)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    return loss


def unsmoothed_loss(recipe: Recipe) -> list[keras.metrics.Metric]:
    """Return the loss without label smoothing, as a metric that is comparable between recipes."""
    return [keras.metrics.SparseCategoricalCrossentropy(name=UNSMOOTHED_LOSS)] if recipe.label_smoothing else []


def accuracy_and_loss(logs: dict[str, float], prefix: str) -> Epoch:
    loss = logs.get(UNSMOOTHED_LOSS, logs["loss"])
    return {f"{prefix}accuracy": round(logs["accuracy"], 6), f"{prefix}loss": round(loss, 6)}


def optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate, decay = learning_rate(recipe, steps), recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
    return keras.optimizers.Adam(rate, weight_decay=decay)


def learning_rate(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    rate = recipe.learning_rate
    if recipe.schedule == "constant":
        return rate
    if recipe.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(rate, steps)
    warmup = max(1, steps // 4)
    return keras.optimizers.schedules.CosineDecay(rate / 25, steps - warmup, warmup_target=rate, warmup_steps=warmup)
