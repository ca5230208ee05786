import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

SCRIPT = """
import json, os
from digits.models import runtime
from digits.config.schema import Runtime
settings = Runtime(threads=3, onednn={onednn})
runtime.start(settings)
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled
deterministic = {{"processor": is_op_determinism_enabled()}}
tf.config.list_physical_devices = lambda _: ["GPU"]
runtime.start.__wrapped__(settings)
deterministic["GPU"] = is_op_determinism_enabled()
print(json.dumps({{
    "threads": tf.config.threading.get_intra_op_parallelism_threads(),
    "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    "deterministic": deterministic,
}}))
"""


@cache
def start(onednn: bool) -> tuple[dict[str, Any], str]:
    """Return the settings of a process that has started TensorFlow, and its standard error."""
    command = [sys.executable, "-c", SCRIPT.format(onednn=onednn)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(process.stdout), process.stderr


@pytest.mark.parametrize("onednn", [True, False])
def test_tensorflow_starts_without_output_with_the_settings_of_params_yaml(onednn: bool) -> None:
    settings, stderr = start(onednn)
    assert (settings["threads"], settings["onednn"], stderr) == (3, str(int(onednn)), "")


def test_kernels_are_deterministic_on_a_gpu() -> None:
    assert start(True)[0]["deterministic"] == {"processor": False, "GPU": True}
