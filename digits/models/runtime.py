"""TensorFlow starts quietly and the same way each time: with the threads and kernels of params.yaml."""

import os
from functools import cache

from digits.config.schema import Runtime
from digits.core.process import suppress_stderr


@cache
def start(runtime: Runtime) -> None:
    """Import TensorFlow, once in a process. Must come before any other import of it."""
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = str(int(runtime.onednn))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with suppress_stderr():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(runtime.threads)
        tf.config.threading.set_inter_op_parallelism_threads(runtime.threads)
        tf.config.list_logical_devices()
        if tf.config.list_physical_devices("GPU"):  # else the order of its sums is left to chance
            tf.config.experimental.enable_op_determinism()
    # It warns of each model after the fifth as if it were one traced anew.
    tf.get_logger().setLevel("ERROR")
