"""The start of TensorFlow, without output, with a number of threads and the settings of oneDNN, Intel's kernels."""

import os

from digits.config.schema import Runtime
from digits.core.errors import UserError
from digits.core.process import suppress_stderr

# Values of ONEDNN_MAX_CPU_ISA. In training, only oneDNN chooses its instructions by processor, also in TensorFlow's own
# matrix products (onednn: false). The variable is always set, so that results do not depend on the user's shell.
MAX_CPU_ISA = {"avx2": "AVX2", "native": "DEFAULT"}
started: list[Runtime] = []  # the settings with which TensorFlow has started in this process


def start(runtime_settings: Runtime) -> None:
    """Import and configure TensorFlow, once in a process. Must run before any other import of it."""
    if started == [runtime_settings]:
        return
    if started:
        raise UserError(
            "TensorFlow runs in this process with different values of pool.threads_per_worker or runtime; restart the "
            "process (a worker of pool.cluster, or the demo)"
        )
    os.environ["ONEDNN_MAX_CPU_ISA"] = MAX_CPU_ISA[runtime_settings.instruction_set]
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
    started.append(runtime_settings)
