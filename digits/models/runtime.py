"""Large libraries start quickly and quietly, and TensorFlow the same way each time: with fixed threads and kernels."""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from digits.config.schema import Runtime
from digits.core.process import held_back_stderr

# Keras imports them where they are installed, for features that nothing here uses: a third of TensorFlow's start.
UNUSED = ("matplotlib", "pandas", "scipy", "sklearn")


def start(runtime: Runtime) -> None:
    """Import TensorFlow as params.yaml says. Must come before any other import of it in the process."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(runtime.onednn))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with held_back_stderr(), blocked_imports(UNUSED), frozen_gc():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(runtime.threads)
        tf.config.threading.set_inter_op_parallelism_threads(runtime.threads)
        tf.config.list_logical_devices()
        if tf.config.list_physical_devices("GPU"):  # else the order of its sums is left to chance
            tf.config.experimental.enable_op_determinism()
    # It warns of each model after the fifth as if it were one traced anew.
    tf.get_logger().setLevel("ERROR")


@contextmanager
def blocked_imports(packages: tuple[str, ...]) -> Iterator[None]:
    """As if they were not installed."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@contextmanager
def frozen_gc() -> Iterator[None]:
    """Garbage collection skips what is imported meanwhile, now, later, and when the process ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
