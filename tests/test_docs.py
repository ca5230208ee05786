"""Run the code in docs/models.md unchanged, in a folder that holds only exports."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from digits.core.paths import PREDICTIONS
from tests.conftest import ROOT
from tests.trained import BEST, NAMES, export

RECORD = "recorded = [*globals().get('recorded', []), probabilities]"
SAVE_AND_CHECK = """
import sys
import numpy as np
np.save("recorded.npy", recorded)
assert [name.decode() for name in names] == [metadata["classes"][index] for index in recorded[0].argmax(axis=1)]
assert not [name for name in sys.modules if name.split(".")[0] == "digits"]
"""


def test_the_code_in_the_docs_loads_every_format(untrained_project: Path) -> None:
    Path("exports").mkdir()
    export(BEST["cnn"], Path("exports/cnn"))
    np.save("images.npy", np.load(PREDICTIONS / "images.npy"))

    blocks = re.findall(r"^```python\n(.+?)^```", (ROOT / "docs/models.md").read_text(), re.MULTILINE | re.DOTALL)
    code = "\n".join(f"{block}{RECORD}" if "probabilities" in block.split("\n\n")[-1] else block for block in blocks)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code + SAVE_AND_CHECK]
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    expected = np.load(PREDICTIONS / f"{BEST['cnn']}.npy")
    assert np.abs(np.load("recorded.npy") - expected).max() <= 1e-5
    assert str([NAMES[index] for index in expected.argmax(axis=1)]) in process.stdout
