"""What each choice for speed brings: with it, against the same without

Of a training, images per second of the recipe that the search found, each side in a process of its own as in
`throughput`. Pooling before the ReLU, and augmenting in the pipeline's own threads, are not undone here: `throughput`
holds all of it against Keras. Of a start of TensorFlow or MLflow, the seconds from Python's start to its end, with
nothing between: each stage that predicts and each worker pays TensorFlow's once, each stage that trains MLflow's.
"""

import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from unittest.mock import patch

from benchmarks.run import Row, compare, fresh, main
from benchmarks.throughput import speed
from benchmarks.trainings import FAMILIES, Begin, ours, training_config
from digits.training.jobs import TrainingConfig

IMAGES, EPOCHS = 12_800, 4
STARTS = 3  # times as many pairs: a start takes little time, and varies more
TENSORFLOW = """
from contextlib import nullcontext
from digits.models import runtime
from digits.config.load import parameter
from digits.config.schema import Runtime
{undone}
runtime.start(parameter(Runtime, "runtime"))
import keras
"""
MLFLOW = """
from contextlib import nullcontext
from queue import SimpleQueue
from digits.tracking import live
{undone}
messages = SimpleQueue()
messages.put(None)
live.write(messages)
"""
STARTING = {
    "TensorFlow: imports that Keras can do without, blocked": (
        TENSORFLOW,
        "assert runtime.UNUSED; runtime.UNUSED = ()",
    ),
    "TensorFlow: garbage collector at rest, then frozen": (
        TENSORFLOW,
        "assert runtime.frozen_gc; runtime.frozen_gc = nullcontext",
    ),
    "MLflow: garbage collector at rest, then frozen": (MLFLOW, "assert live.frozen_gc; live.frozen_gc = nullcontext"),
}


def measure(pairs: int, count: int | None) -> list[Row]:
    rows = [
        compare(f"start of {choice}", STARTS * pairs, partial(start, script), partial(start, script, undone), "s")
        for choice, (script, undone) in STARTING.items()
    ]
    for family in FAMILIES:
        config = training_config(family, "tuned", EPOCHS, seed=1)
        for choice, without in TRAINING.items():
            sides = (partial(fresh, speed, side, config, count or IMAGES) for side in (ours, without))
            rows.append(compare(f"{family} tuned: {choice}", pairs, *sides, "images/s"))
    return rows


def start(script: str, undone: str = "") -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", script.format(undone=undone)], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def with_single_steps(config: TrainingConfig) -> Begin:
    begin = ours(config)
    patch("digits.training.trainer.STEPS_PER_CALL", 1).start()
    return begin


def with_autotune(config: TrainingConfig) -> Begin:
    begin = ours(config)
    patch("digits.training.batches.as_written", lambda dataset: dataset).start()
    return begin


def without_onednn(config: TrainingConfig) -> Begin:
    return ours(replace(config, runtime=config.runtime.model_copy(update={"onednn": False})))


TRAINING = {
    "16 steps in a call / 1": with_single_steps,
    "input without tf.data's autotuner / with it": with_autotune,
    "oneDNN / TensorFlow's other kernels": without_onednn,
}


if __name__ == "__main__":
    main(measure, pairs=5)
