import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from digits.config.schema import Runtime
from digits.core.errors import UserError
from digits.models import runtime

SCRIPT = """
import json, os
from digits.models import runtime
from digits.config.schema import Runtime
settings = Runtime(threads=3, onednn={onednn}, instruction_set="{instruction_set}")
runtime.start(settings)
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled
deterministic = {{"processor": is_op_determinism_enabled()}}
tf.config.list_physical_devices = lambda _: ["GPU"]
runtime.started.clear()
runtime.start(settings)
deterministic["GPU"] = is_op_determinism_enabled()
print(json.dumps({{
    "threads": tf.config.threading.get_intra_op_parallelism_threads(),
    "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    "max_cpu_isa": os.environ["ONEDNN_MAX_CPU_ISA"],
    "deterministic": deterministic,
}}))
"""


@cache
def start(onednn: bool, instruction_set: str) -> tuple[dict[str, Any], str]:
    """Return the settings of a process that has started TensorFlow, and its standard error."""
    command = [sys.executable, "-c", SCRIPT.format(onednn=onednn, instruction_set=instruction_set)]
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "SSE41"}  # a value of the user's shell
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(process.stdout), process.stderr


@pytest.mark.parametrize(
    ("onednn", "instruction_set", "max_cpu_isa"), [(True, "avx2", "AVX2"), (False, "native", "DEFAULT")]
)
def test_tensorflow_starts_without_output_with_the_settings_of_params_yaml(
    onednn: bool, instruction_set: str, max_cpu_isa: str
) -> None:
    settings, stderr = start(onednn, instruction_set)
    assert (settings["threads"], settings["onednn"], settings["max_cpu_isa"]) == (3, str(int(onednn)), max_cpu_isa)
    assert stderr == ""


def test_different_settings_in_the_same_process_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Runtime(threads=1, onednn=True, instruction_set="avx2")
    monkeypatch.setattr(runtime, "started", [settings])
    runtime.start(settings)
    with pytest.raises(UserError, match="restart the process"):
        runtime.start(settings.model_copy(update={"instruction_set": "native"}))


def test_kernels_are_deterministic_on_a_gpu() -> None:
    assert start(True, "avx2")[0]["deterministic"] == {"processor": False, "GPU": True}
