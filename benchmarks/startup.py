"""How soon a new process has TensorFlow and Keras and is done, against their plain import

Seconds from Python's start to its end, with nothing between but a look for devices: what each stage that trains or asks
models pays once, and each worker of a search.
"""

import subprocess
import sys
import time
from functools import partial
from statistics import median

from benchmarks import entry
from benchmarks.pairs import interleaved
from benchmarks.report import Row

OURS = """
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Runtime
runtime.start(parameter(Runtime, "runtime"))
import keras
"""
PLAIN = "import tensorflow as tf, keras; tf.config.list_logical_devices()"


def measure(pairs: int, _images: int | None) -> list[Row]:
    seconds = list(interleaved(pairs, partial(taken, OURS), partial(taken, PLAIN)))
    ours, plain = (median(side) for side in zip(*seconds, strict=True))
    ratios = [theirs / mine for mine, theirs in seconds]
    return [Row("a process that starts TensorFlow: plain / ours", ratios, note=f"{ours:.2f} s against {plain:.2f} s")]


def taken(program: str, _pair: int) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    entry.run(measure, pairs=10)
