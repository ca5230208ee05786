"""Runs killed at random moments, against one that nobody disturbed

A project of a few hundred of MNIST's images, in a clone of its own. `dvc repro` and all that it has started are killed
by SIGKILL at a random moment, and it is run again, up to five times; then it may end. Its end equals that of an
undisturbed run if git sees no difference: dvc.lock has the digests of all models, predictions and exports, and the
reports lie there themselves. Then MLflow is audited (`python -m digits.tracking.audit`), and no process may be left.
`python -m benchmarks.kills 50` goes on until there were 50 kills.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from benchmarks.clones import ENVIRONMENT, clone, commit
from benchmarks.run import Row, main
from digits.core.errors import UserError
from digits.core.files import read_array
from digits.core.paths import RAW

KILLS_OF_A_RUN = 5
SMALL = {"data.source": "data/own/few.npz", "seeds": [1, 2], "train.epochs": 8, "tune.seeds": [1]}
SMALL |= {"models.mlp.batch_size": 4, "tune.mlp.trials": 4, "tune.mlp.rungs": [1, 3]}
SMALL |= {"models.cnn.batch_size": 16, "tune.cnn.trials": 3, "tune.cnn.rungs": [1, 2]}
SMALL |= {f"tune.{family}.space.batch_size": [16, 32] for family in ("mlp", "cnn")}


def measure(kills: int, images: int | None) -> list[Row]:
    chance, stages, equal = random.Random(kills), [], []
    with tempfile.TemporaryDirectory() as temporary:
        untouched, undisturbed, disturbed = (Path(temporary, name) for name in ("untouched", "undisturbed", "run"))
        lay_out(untouched, images or 600)
        shutil.copytree(untouched, undisturbed, symlinks=True)
        started = time.perf_counter()
        repro(undisturbed)
        seconds = time.perf_counter() - started
        while len(stages) < kills:
            shutil.copytree(untouched, disturbed, symlinks=True)
            for _ in range(min(KILLS_OF_A_RUN, kills - len(stages))):
                stage = repro(disturbed, kill_after=chance.uniform(1, seconds / 2))
                if stage is None:
                    break
                stages.append(stage)
                print(f"kill {len(stages)}: in {stage}", flush=True)
            repro(disturbed)
            equal.append(float(same(undisturbed, disturbed) and nothing_left(disturbed)))
            print(f"run {len(equal)}: {'equal' if equal[-1] else 'NOT equal'}", flush=True)
            shutil.rmtree(disturbed)
    counts = ", ".join(f"{stage} {stages.count(stage)}" for stage in sorted(set(stages)))
    what = "runs killed at random moments that end as one that nobody disturbed"
    return [Row(what, equal, aim=1.0, unit="%", note=f"{len(stages)} kills in {len(equal)} runs: {counts}")]


def lay_out(folder: Path, images: int) -> None:
    clone(folder, SMALL)
    few = {
        f"{array}_{part}": read_array(RAW / f"{array}_{part}.npy")[:count]
        for part, count in (("train", images), ("test", images // 3))
        for array in ("x", "y")
    }
    np.savez(folder / "data/own/few.npz", **few)
    commit(folder)


def repro(folder: Path, kill_after: float | None = None) -> str | None:
    """The stage in which it was killed, if it had not ended before."""
    log = folder / ".dvc/tmp/repro.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        options = {"stdout": output, "stderr": subprocess.STDOUT, "start_new_session": True}
        process = subprocess.Popen(["dvc", "repro"], cwd=folder, env=ENVIRONMENT, **options)
        try:
            code = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return (["DVC before any stage", *re.findall(r"Running stage '([^']+)'", log.read_text())])[-1]
    if code:
        raise UserError(f"`dvc repro` failed: {log.read_text()[-2000:]}")
    return None


def same(undisturbed: Path, disturbed: Path) -> bool:
    checks = [["diff", "-r", undisturbed / each, disturbed / each] for each in ("dvc.lock", "reports", "README.md")]
    checks.append([sys.executable, "-m", "digits.tracking.audit"])
    return all(subprocess.run(each, cwd=disturbed, env=ENVIRONMENT, check=False).returncode == 0 for each in checks)


def nothing_left(folder: Path) -> bool:
    places = (process.info["cwd"] for process in psutil.process_iter(["cwd"]))
    return not any(place and Path(place).is_relative_to(folder) for place in places)


if __name__ == "__main__":
    main(measure, pairs=50)
