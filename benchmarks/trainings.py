"""Trainings of a recipe on prepared images, by this project's code or by plain Keras.

`project_code` and `plain_keras` start TensorFlow, and return a function that builds a training from images.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from digits.config.load import parameter
from digits.config.schema import Runtime
from digits.core.files import read_json
from digits.core.paths import CLASSES, PREPARED, search_file
from digits.core.process import suppress_stderr
from digits.data import dataset
from digits.data.dataset import Split
from digits.models import runtime
from digits.models.families import hyperparameters
from digits.training.jobs import TrainingConfig

FAMILIES = ("mlp", "cnn")
Training = tuple[Any, Callable[[int], object]]  # a Keras model, and a function that trains it for the given epoch
BuildTraining = Callable[[Split], Training]
Implementation = Callable[[TrainingConfig], BuildTraining]


def training_config(family: str, variant: str, epochs: int, seed: int) -> TrainingConfig:
    """Return a configuration with the baseline's recipe from params.yaml, or with the best of the first search."""
    baseline = parameter(hyperparameters(family), f"models.{family}")
    best = {} if variant == "baseline" else read_json(search_file(family))["searches"][0]["best"]
    recipe = type(baseline)(**baseline.model_dump() | best)
    return TrainingConfig(family, recipe, epochs, seed, len(read_json(CLASSES)), parameter(Runtime, "runtime"))


def load_images(part: str, n_images: int | None = None) -> Split:
    """Return the first `n_images` images of a split; all of them for None."""
    split = dataset.load(PREPARED / part)
    return Split(split.images[:n_images].copy(), split.labels[:n_images].copy())


def project_code(config: TrainingConfig) -> BuildTraining:
    runtime.start(config.runtime)
    from digits.training.network import Network

    def build(data: Split) -> Training:
        network = Network(config, (data, data, data))
        return network.model, lambda number: network.model.fit(network.epoch_batches(number), shuffle=False, verbose=0)

    return build


def plain_keras(config: TrainingConfig) -> BuildTraining:
    with default_tensorflow():
        from benchmarks.plain import build_training

    return lambda data: build_training(config, data)


@contextmanager
def default_tensorflow() -> Iterator[None]:
    """Import TensorFlow within this context to give it its default threads and kernels."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA"):
        os.environ.pop(name, None)
    with suppress_stderr():
        yield
