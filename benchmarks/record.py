"""A long run, in search of better models, as a DVC experiment; its result goes to reports/record/.

`make record`: benchmarks/record.yaml says where it differs from params.yaml. Stopped halfway, it goes on when run
again: what was trained is in DVC's cache, what was trained in part in .checkpoints/.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks import averaged
from benchmarks.run import machine
from digits.common.files import write_text
from digits.comparison.readme import first_part

ROOT = Path(__file__).parent.parent
OVERLAY, RESULT = ROOT / "benchmarks/record.yaml", ROOT / "reports/record"
NAME = "record"
KEPT = ("comparison.md", "comparison.csv", "models.csv", "metrics.json")
USED = ("params.yaml", "models", "data/predictions", "reports/models.csv")


def main() -> None:
    changes = list(settings(YAML(typ="safe").load(OVERLAY)))
    subprocess.run(["dvc", "exp", "remove", "--quiet", NAME], cwd=ROOT, capture_output=True, check=False)
    run = ["dvc", "exp", "run", "--temp", "--name", NAME]
    if subprocess.run([*run, *(word for each in changes for word in ("-S", each))], cwd=ROOT, check=False).returncode:
        sys.exit("the run did not come to its end; `make record` goes on where it stopped")
    [revision] = git("for-each-ref", "--format=%(refname)", f"refs/exps/**/{NAME}").split()
    for name in KEPT:
        write_text(RESULT / name, git("show", f"{revision}:reports/{name}"))
    write_text(RESULT / "params.yaml", git("show", f"{revision}:params.yaml"))
    parent = git("rev-parse", "--short", f"{revision}~1").strip()
    write_text(RESULT / "README.md", about(parent, averaged_over_shifts(revision)))
    print((RESULT / "README.md").read_text())


def settings(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """As DVC takes them, whether the key is there already or not."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from settings(value, f"{above}{key}.")
        else:
            yield f"++{above}{key}={str(value).replace(' ', '')}"


def averaged_over_shifts(revision: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for name in USED:
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            get = ["dvc", "get", "--quiet", "--rev", revision, "--out", str(file), ".", name]
            subprocess.run(get, cwd=ROOT, check=True)
        with chdir(folder):
            return averaged.results()


def about(commit: str, over_shifts: str) -> str:
    table = first_part((RESULT / "comparison.md").read_text(encoding="utf-8"))
    return f"""# The record

More epochs and larger networks: `make record` on commit {commit}, with {OVERLAY.relative_to(ROOT)} over params.yaml
(together they are params.yaml here). Recipes were chosen on validation images, as ever.

{table.strip()}

The tuned models again, each test image shown nine times, shifted by up to a pixel, and the answers averaged:

{over_shifts}

One run. Machine: {machine()}.
"""


def git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
