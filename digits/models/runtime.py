"""The start of TensorFlow, without output, with a number of threads and with or without oneDNN's kernels."""

import os
from functools import cache

from digits.config.schema import Runtime
from digits.core.process import suppress_stderr


@cache
def start(runtime_settings: Runtime) -> None:
    """Import and configure TensorFlow, once in a process. Must run before any other import of it."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(runtime_settings.onednn))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with suppress_stderr():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(runtime_settings.threads)
        tf.config.threading.set_inter_op_parallelism_threads(runtime_settings.threads)
        tf.config.list_logical_devices()
        if tf.config.list_physical_devices("GPU"):  # otherwise a GPU sums in a varying order
            tf.config.experimental.enable_op_determinism()
    # TensorFlow logs a retracing warning for every model after the fifth, although each is traced once.
    tf.get_logger().setLevel("ERROR")
