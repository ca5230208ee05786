"""One training, the same for baseline, tuned and trial: (recipe, images, seed, epochs) → a model and its curve."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras

from digits.batches import batches
from digits.dataset import Split
from digits.errors import UserError
from digits.networks import build
from digits.params.recipe import Recipe
from digits.params.runtime import Runtime

Epoch = dict[str, float]
IMAGES_PER_EVALUATION = 1000
# Several steps in one call: between steps, Python takes a good part of a small network's time.
STEPS_PER_CALL = 16


@dataclass(frozen=True)
class Job:
    """All that decides the outcome, besides the images."""

    family: str
    recipe: Recipe
    epochs: int
    batch_size: int
    seed: int
    classes: int
    runtime: Runtime


class Diverged(UserError):
    pass


def train(
    job: Job, data: Split, validation: Split, after_epoch: Callable[[Epoch], None]
) -> tuple[keras.Model, list[Epoch]]:
    keras.utils.set_random_seed(job.seed)
    model = build(job.family, job.recipe, data.images.shape[1:], job.classes)
    steps = math.ceil(len(data) / job.batch_size)
    model.compile(
        optimizer=optimizer(job.recipe, steps * job.epochs),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=min(STEPS_PER_CALL, steps),
    )
    epoch = batches(data, job.batch_size, job.recipe, job.seed)
    curve = []
    for number in range(1, job.epochs + 1):
        seen = model.fit(epoch(number), shuffle=False, verbose=0).history
        after = model.evaluate(validation.images, validation.labels, IMAGES_PER_EVALUATION, verbose=0, return_dict=True)
        curve.append(
            {"epoch": number}
            | {name: round(values[-1], 6) for name, values in seen.items()}
            | {f"validation_{name}": round(value, 6) for name, value in after.items()}
        )
        if not math.isfinite(curve[-1]["loss"]):
            raise Diverged(f"the loss became {curve[-1]['loss']} in epoch {number}; lower the learning rate")
        after_epoch(curve[-1])
    return model, curve


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


def describe(epoch: Epoch) -> str:
    return f"validation accuracy {epoch['validation_accuracy']:.2%}, loss {epoch['validation_loss']:.4f}"
