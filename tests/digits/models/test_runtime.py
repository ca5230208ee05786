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
{before}
runtime.start(Runtime(threads=3, onednn={onednn}, instruction_set="{instruction_set}"))
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled
print(json.dumps({{
    "threads": tf.config.threading.get_intra_op_parallelism_threads(),
    "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    "max_cpu_isa": os.environ["ONEDNN_MAX_CPU_ISA"],
    "deterministic": is_op_determinism_enabled(),
}}))
"""


@cache
def start(onednn: bool, instruction_set: str = "avx2", before: str = "") -> tuple[dict[str, Any], str]:
    """Return the settings of a process that has started TensorFlow, and its standard error."""
    script = SCRIPT.format(onednn=onednn, instruction_set=instruction_set, before=before)
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": "SSE41"}
    process = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout), process.stderr


@pytest.mark.parametrize("onednn", [True, False])
def test_tensorflow_starts_without_output_with_the_settings_of_params_yaml(onednn: bool) -> None:
    settings, stderr = start(onednn)
    assert (settings["threads"], settings["onednn"], stderr) == (3, str(int(onednn)), "")


@pytest.mark.parametrize(("instruction_set", "max_cpu_isa"), [("avx2", "AVX2"), ("native", "DEFAULT")])
def test_instructions_do_not_depend_on_the_shell(instruction_set: str, max_cpu_isa: str) -> None:
    assert start(True, instruction_set)[0]["max_cpu_isa"] == max_cpu_isa


def test_different_settings_in_the_same_process_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Runtime(threads=1, onednn=True, instruction_set="avx2")
    monkeypatch.setattr(runtime, "started", [settings])
    runtime.start(settings)
    with pytest.raises(UserError, match="restart the process"):
        runtime.start(settings.model_copy(update={"instruction_set": "native"}))


def test_kernels_are_deterministic_on_a_gpu() -> None:
    with_gpu = "import tensorflow as tf; tf.config.list_physical_devices = lambda _: ['GPU']"
    assert start(True, before=with_gpu)[0]["deterministic"]
    assert not start(True)[0]["deterministic"]
