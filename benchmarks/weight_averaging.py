"""Averaged weights: would the tuned models be better with the mean of what their weights were after several epochs?

By 1 - objective on validation images, so that no test image has a say; below 1, averaging would pay. Each pair is a
seed. The recipe that the search found ends with a rate of 0, so that its last weights are close together already. With
a rate that stays, a third of the highest, they are not: there an average does what the schedule does otherwise.
Statistics of normalisations are averaged like weights.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.run import Row, main
from benchmarks.trainings import FAMILIES, images, training_config
from digits.evaluation import objective
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import OneDnn, Runtime, Threads, Train
from digits.training.jobs import TrainingConfig

if TYPE_CHECKING:
    from digits.training.trainer import Training

LAST = 3, 5  # epochs whose weights are averaged
STAYING = 1 / 3  # of the highest rate


def measure(pairs: int, count: int | None) -> list[Row]:
    epochs = parameter(Train, "train").epochs
    machine = Runtime(threads=parameter(Threads, "pool.threads_per_worker"), onednn=parameter(OneDnn, "runtime.onednn"))
    return [row for family in FAMILIES for row in rows(family, epochs, machine, pairs, count)]


def rows(family: str, epochs: int, machine: Runtime, pairs: int, count: int | None) -> Iterator[Row]:
    found = replace(training_config(family, "tuned", epochs, seed=1), runtime=machine)
    rate = {"schedule": "constant", "learning_rate": STAYING * found.recipe.learning_rate}
    stays = replace(found, recipe=found.recipe.model_copy(update=rate))
    trainings = [replace(config, seed=seed) for config in (found, stays) for seed in range(1, pairs + 1)]
    # TensorFlow keeps its memory for life: a process for each.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as processes:
        missed = list(processes.map(missed_by, trainings, [count] * len(trainings)))
    plain = [each[1] for each in missed[:pairs]]
    for what, of_seeds in ((found.recipe.schedule, missed[:pairs]), ("a rate that stays", missed[pairs:])):
        for last in LAST:
            ratios = [each[last] / one for each, one in zip(of_seeds, plain, strict=True)]
            note = f"{median(each[last] for each in of_seeds):.4f} against {median(plain):.4f}"
            yield Row(f"{family} tuned: 1 - objective: mean of {last} epochs, {what} / as it is", ratios, note=note)


def missed_by(config: TrainingConfig, count: int | None) -> dict[int, float]:
    """1 - objective, by the number of epochs whose weights are averaged."""
    runtime.start(config.runtime)
    from digits.training.trainer import Training

    training = Training(config, images("train", count), images("validation", count), images("hard", count))
    weights = []
    for number in range(1, config.epochs + 1):
        training.model.fit(training.batches(number), shuffle=False, verbose=0)
        weights.append(training.model.get_weights())
    missed = {last: missed_with(training, weights[-last:]) for last in (1, *LAST)}
    print(f"{config.family}, {config.recipe.schedule}, seed {config.seed}: {missed}", flush=True)
    return missed


def missed_with(training: "Training", weights: list[list[np.ndarray]]) -> float:
    training.model.set_weights([np.mean(each, axis=0) for each in zip(*weights, strict=True)])
    plain, hard = (
        training.model.evaluate(each, verbose=0, return_dict=True) for each in (training.validation, training.hard)
    )
    return round(1 - objective.balanced(plain["accuracy"], plain["loss"], hard["accuracy"]), 6)


if __name__ == "__main__":
    main(measure, pairs=5)
