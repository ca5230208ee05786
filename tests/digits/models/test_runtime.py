import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

STARTED = """
import json, os
from digits.models import runtime
from digits.config.schema import Runtime
{before}
runtime.start(Runtime(threads=3, onednn={onednn}))
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled
print(json.dumps({{
    "threads": tf.config.threading.get_intra_op_parallelism_threads(),
    "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    "deterministic": is_op_determinism_enabled(),
}}))
"""


@cache
def started(onednn: bool, before: str = "") -> tuple[dict[str, Any], str]:
    """What a process that has started TensorFlow knows, and what it says by itself."""
    command = [sys.executable, "-c", STARTED.format(onednn=onednn, before=before)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout), run.stderr


@pytest.mark.parametrize("onednn", [True, False])
def test_tensorflow_starts_in_silence_with_the_threads_and_kernels_of_params_yaml(onednn: bool) -> None:
    found, said = started(onednn)
    assert (found["threads"], found["onednn"], said) == (3, str(int(onednn)), "")


def test_kernels_are_deterministic_where_there_is_a_gpu() -> None:
    with_gpu = "import tensorflow as tf; tf.config.list_physical_devices = lambda _: ['GPU']"
    assert started(True, with_gpu)[0]["deterministic"]
    assert not started(True)[0]["deterministic"]
