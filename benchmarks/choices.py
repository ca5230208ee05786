"""What each choice for speed brings: with it, against the same without

Of a training, images per second of the recipe that the search found, each side in a process of its own as in
`throughput`. Pooling before the ReLU, and augmenting in the pipeline's own threads, are not undone here: `throughput`
holds all of it against Keras. Of a start of TensorFlow, the seconds from Python's start to its end, with nothing
between but a look for devices: each stage that trains or asks models pays them once, and so does each worker.
"""

import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from unittest.mock import patch

from benchmarks.run import Row, fresh, interleaved, main
from benchmarks.throughput import speed
from benchmarks.trainings import FAMILIES, Begin, Side, ours, training_config
from digits.training.jobs import TrainingConfig

IMAGES, EPOCHS = 12_800, 4
STARTS = 3  # times as many pairs: a start varies more
START = """
from contextlib import nullcontext
from digits.models import runtime
from digits.params.load import parameter
from digits.params.runtime import Runtime
{undone}
runtime.start(parameter(Runtime, "runtime"))
import keras
"""
BLOCKED, FROZEN = "assert runtime.UNUSED; runtime.UNUSED = ()", "assert runtime.kept; runtime.kept = nullcontext"
STARTING = {
    "imports that Keras does not need are blocked": BLOCKED,
    "the garbage collector rests, then leaves TensorFlow alone": FROZEN,
    "both": f"{BLOCKED}; {FROZEN}",
}


def measure(pairs: int, count: int | None) -> list[Row]:
    rows = []
    for choice, undone in STARTING.items():
        seconds = interleaved(STARTS * pairs, partial(start, ""), partial(start, undone))
        rows.append(Row(f"start of TensorFlow: {choice}: without / with", [theirs / mine for mine, theirs in seconds]))
        print(rows[-1], flush=True)
    for family in FAMILIES:
        tuned = training_config(family, "tuned", EPOCHS, seed=1)
        for choice, without in TRAINING.items():
            found = interleaved(pairs, *(partial(images_per_second, side, tuned, count) for side in (ours, without)))
            rows.append(Row(f"{family} tuned: {choice}", [mine / theirs for mine, theirs in found]))
            print(rows[-1], flush=True)
    return rows


def images_per_second(side: Side, trained: TrainingConfig, count: int | None, _pair: int) -> float:
    return fresh(speed, side, trained, count or IMAGES)[0]


def start(undone: str, _pair: int) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", START.format(undone=undone)], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def with_keras_kernels(config: TrainingConfig) -> Begin:
    begin = ours(config)
    import keras

    from digits.models import kernels

    kernels.FAST.clear()
    patch.object(kernels, "Adam", keras.optimizers.Adam).start()
    return begin


def with_single_steps(config: TrainingConfig) -> Begin:
    return with_patch(config, "digits.training.trainer.STEPS_PER_CALL", 1)


def with_autotune(config: TrainingConfig) -> Begin:
    return with_patch(config, "digits.training.batches.without_autotune", lambda dataset: dataset)


def with_patch(config: TrainingConfig, name: str, value: object) -> Begin:
    begin = ours(config)
    patch(name, value).start()
    return begin


def on_other_settings(config: TrainingConfig, **settings: object) -> Begin:
    return ours(replace(config, runtime=config.runtime.model_copy(update=settings)))


TRAINING: dict[str, Side] = {
    "Adam and batch normalisation in one kernel each / in Keras's many": with_keras_kernels,
    "16 steps in a call / 1": with_single_steps,
    "input without tf.data's autotuner / with it": with_autotune,
    "oneDNN / TensorFlow's other kernels": partial(on_other_settings, onednn=False),
    "2 threads / 1": partial(on_other_settings, threads=1),
}


if __name__ == "__main__":
    main(measure, pairs=3)
