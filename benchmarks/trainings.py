"""What the benchmarks train: recipes of params.yaml and its searches, on prepared images."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from digits.common.errors import UserError
from digits.common.files import read_json
from digits.common.paths import CLASSES, PREPARED, search_file
from digits.data import dataset
from digits.data.dataset import Split
from digits.families import hyperparameters
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Runtime
from digits.training.jobs import TrainingConfig, TrainingRun
from digits.training.pool import TrainingPool


def training_config(family: str, variant: str, epochs: int, seed: int) -> TrainingConfig:
    """With the recipe of params.yaml, or the one that the first search found."""
    baseline = parameter(hyperparameters(family), f"models.{family}")
    found = {} if variant == "baseline" else read_json(search_file(family))["searches"][0]["best"]
    recipe = type(baseline)(**baseline.model_dump() | found)
    return TrainingConfig(family, recipe, epochs, seed, len(read_json(CLASSES)), parameter(Runtime, "runtime"))


def images(part: str, count: int | None = None) -> Split:
    """The first so many, or all."""
    split = dataset.load(PREPARED / part)
    return Split(split.images[:count].copy(), split.labels[:count].copy())


@contextmanager
def tensorflow_as_it_comes() -> Iterator[None]:
    """For its import: with threads and kernels of its own choice."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
    with runtime.held_back_stderr():
        yield


def train(pool: TrainingPool, runs: list[TrainingRun]) -> None:
    pool.train(runs, lambda *_: None)
    if failures := [run.failure for run in runs if run.failure is not None]:
        raise UserError(f"a training failed: {failures[0]}")
