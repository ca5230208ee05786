"""TensorFlow, started the same way each time: quiet, with a fixed number of threads and fixed kernels."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from digits.params.schema import Runtime

# Keras imports them if it finds them, for what nothing here uses: a good third of TensorFlow's start.
UNUSED = ("matplotlib", "pandas", "scipy", "sklearn")


def start(runtime: Runtime) -> None:
    """Import TensorFlow as params.yaml says. Must come before any other import of it in the process."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(runtime.onednn))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with held_back_stderr(), hidden(UNUSED), kept():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(runtime.threads)
        tf.config.threading.set_inter_op_parallelism_threads(runtime.threads)
        tf.config.list_logical_devices()
    # It warns of each model after the fifth as if it were one traced anew.
    tf.get_logger().setLevel("ERROR")


@contextmanager
def hidden(packages: tuple[str, ...]) -> Iterator[None]:
    """Not to be imported meanwhile, as if they were not installed."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@contextmanager
def kept() -> Iterator[None]:
    """What comes meanwhile stays: no collection of garbage looks through it, now, later, or when the process ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def held_back_stderr() -> Iterator[None]:
    """TensorFlow's start-up notes pass by every log level, to the file descriptor itself: kept for a failure only."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            yield
        except BaseException:
            notes.seek(0)
            os.write(terminal, notes.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
