"""TensorFlow as it comes, with threads and kernels of its own choice."""

import os

from digits.models.runtime import held_back_stderr


def start_plain() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
    with held_back_stderr():
        import tensorflow as tf

        tf.config.list_logical_devices()
