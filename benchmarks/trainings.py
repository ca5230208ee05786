"""What is trained, and by whom: a recipe on prepared images, by this project's code or by plain Keras.

`ours` and `plain` start TensorFlow, and return what begins a training on images.
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
Training = tuple[Any, Callable[[int], object]]  # a Keras model, and what trains it for the epoch of this number
Begin = Callable[[Split], Training]
Side = Callable[[TrainingConfig], Begin]


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


def ours(config: TrainingConfig) -> Begin:
    runtime.start(config.runtime)
    from digits.training.network import Network

    def begin(data: Split) -> Training:
        network = Network(config, (data, data, data))
        return network.model, lambda number: network.model.fit(network.batches(number), shuffle=False, verbose=0)

    return begin


def plain(config: TrainingConfig) -> Begin:
    with tensorflow_as_it_comes():
        from benchmarks.plain import training

    return lambda data: training(config, data)


@contextmanager
def tensorflow_as_it_comes() -> Iterator[None]:
    """For its import: with threads and kernels of its own choice."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
    with suppress_stderr():
        yield
