"""The code in docs/models.md, run as it stands, in a folder that holds the exports and nothing of this project."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from digits.core.paths import PREDICTIONS
from tests.conftest import ROOT
from tests.trained import BEST, NAMES, export

NOTED = "given = [*globals().get('given', []), probabilities]"
SEEN = """
import sys
import numpy as np
np.save("given.npy", given)
assert [name.decode() for name in names] == [metadata["classes"][each] for each in given[0].argmax(axis=1)]
assert not [name for name in sys.modules if name.split(".")[0] == "digits"]
"""


def test_every_format_is_loaded_by_the_code_in_the_docs(untrained_project: Path) -> None:
    Path("exports").mkdir()
    export(BEST["cnn"], Path("exports/cnn"))
    np.save("images.npy", np.load(PREDICTIONS / "images.npy"))

    blocks = re.findall(r"^```python\n(.+?)^```", (ROOT / "docs/models.md").read_text(), re.MULTILINE | re.DOTALL)
    code = "\n".join(f"{block}{NOTED}" if "probabilities" in block.split("\n\n")[-1] else block for block in blocks)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code + SEEN]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wanted = np.load(PREDICTIONS / f"{BEST['cnn']}.npy")
    given = np.load("given.npy")
    assert np.abs(given - wanted).max() <= 1e-5
    assert str([NAMES[each] for each in wanted.argmax(axis=1)]) in done.stdout
