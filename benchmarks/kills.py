"""Runs killed at random moments, against an undisturbed run

A project of a few hundred MNIST images runs in its own clone. `dvc repro` and every process that it started are killed
by SIGKILL at a random moment, and `dvc repro` runs again, up to five times; then it may finish. The result equals that
of an undisturbed run if git sees no difference: dvc.lock holds the digests of all models, predictions and exports, and
the reports are compared themselves. Then MLflow is audited (`python -m digits.tracking.audit`), and no process may
still be running. `python -m benchmarks.kills 50` stops after 50 kills.
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

MAX_KILLS_PER_RUN = 5
REPRO = "find .dvc/tmp/rwlock -empty -delete; exec dvc repro"  # as `make repro`
PARAMETERS = {"data.source": "data/own/few.npz", "seeds": [1, 2], "train.epochs": 8, "tune.seeds": [1]}
PARAMETERS |= {"models.mlp.batch_size": 4, "tune.mlp.trials": 4, "tune.mlp.rungs": [1, 3]}
PARAMETERS |= {"models.cnn.batch_size": 16, "tune.cnn.trials": 3, "tune.cnn.rungs": [1, 2]}
PARAMETERS |= {f"tune.{family}.space.batch_size": [16, 32] for family in ("mlp", "cnn")}


def measure(n_kills: int, n_images: int | None) -> list[Row]:
    rng, stages, equal = random.Random(n_kills), [], []
    with tempfile.TemporaryDirectory() as temporary:
        initial, undisturbed, disturbed = (Path(temporary, name) for name in ("initial", "undisturbed", "run"))
        create_project(initial, n_images or 600)
        shutil.copytree(initial, undisturbed, symlinks=True)
        started = time.perf_counter()
        repro(undisturbed)
        seconds = time.perf_counter() - started
        while len(stages) < n_kills:
            shutil.copytree(initial, disturbed, symlinks=True)
            for _ in range(min(MAX_KILLS_PER_RUN, n_kills - len(stages))):
                stage = repro(disturbed, kill_after=rng.uniform(1, seconds / 2))
                if stage is None:
                    break
                stages.append(stage)
                print(f"kill {len(stages)}: in {stage}", flush=True)
            repro(disturbed)
            equal.append(float(has_equal_results(undisturbed, disturbed) and not has_processes(disturbed)))
            print(f"run {len(equal)}: {'equal' if equal[-1] else 'NOT equal'}", flush=True)
            shutil.rmtree(disturbed)
    counts = ", ".join(f"{stage} {stages.count(stage)}" for stage in sorted(set(stages)))
    label = "killed runs whose result equals that of an undisturbed run"
    return [Row(label, equal, aim=1.0, unit="%", note=f"{len(stages)} kills in {len(equal)} runs: {counts}")]


def create_project(folder: Path, n_images: int) -> None:
    clone(folder, PARAMETERS)
    arrays = {
        f"{array}_{part}": read_array(RAW / f"{array}_{part}.npy")[:count]
        for part, count in (("train", n_images), ("test", n_images // 3))
        for array in ("x", "y")
    }
    np.savez(folder / "data/own/few.npz", **arrays)
    commit(folder)


def repro(folder: Path, kill_after: float | None = None) -> str | None:
    """Return the stage in which the run was killed, or None if it had finished before."""
    log = folder / ".dvc/tmp/repro.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w") as output:
        options = {"stdout": output, "stderr": subprocess.STDOUT, "start_new_session": True}
        process = subprocess.Popen(["sh", "-c", REPRO], cwd=folder, env=ENVIRONMENT, **options)
        try:
            code = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return (["DVC before any stage", *re.findall(r"Running stage '([^']+)'", log.read_text())])[-1]
    if code:
        raise UserError(f"`dvc repro` failed: {log.read_text()[-2000:]}")
    return None


def has_equal_results(undisturbed: Path, disturbed: Path) -> bool:
    paths = ("dvc.lock", "reports", "README.md")
    commands = [["diff", "-r", undisturbed / path, disturbed / path] for path in paths]
    commands.append([sys.executable, "-m", "digits.tracking.audit"])
    return all(
        subprocess.run(command, cwd=disturbed, env=ENVIRONMENT, check=False).returncode == 0 for command in commands
    )


def has_processes(folder: Path) -> bool:
    """Return whether a process still has its working directory in the folder."""
    directories = (process.info["cwd"] for process in psutil.process_iter(["cwd"]))
    return any(directory and Path(directory).is_relative_to(folder) for directory in directories)


if __name__ == "__main__":
    main(measure, n_repeats=50)
