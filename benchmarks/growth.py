"""Memory and time of the whole pipeline, by the number of images, seeds, trials and experiments

Stage by stage in a clone of the committed files, with noise for images in ten classes, and as little training as there
can be: a small MLP, one epoch, and, unless the row says otherwise, a thousand images, one seed, two trials. Memory is
the most that a stage and its workers had at any moment (the sum of Linux's proportional set sizes, looked at five times
a second): what several of them share counts once, images that are mapped from their file among it, although they give
way where memory is short. The longest stages are named. Experiments are commits as `dvc exp run` leaves them, each with
other parameters, and runs in MLflow as many as it would have left. n is 1: memory hardly differs from run to run, and
all rows take half an hour.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.overhead import ENVIRONMENT, WHO, clone
from benchmarks.run import Row, fresh, main
from digits.core.errors import UserError
from digits.tracking.store import configure

SIZES = [(1_000, (28, 28)), (10_000, (28, 28)), (100_000, (28, 28)), (1_000_000, (28, 28)), (100_000, (64, 64, 3))]
COUNTS = {"seeds": (10, 50), "trials": (10, 100, 1_000)}
EXPERIMENTS = (1, 100, 500)
STAGES = ("download", "prepare", "train_baseline mlp", "tune mlp", "train_tuned mlp")
STAGES += ("evaluate", "compare", "plot", "export", "track")
MOST = 8  # GB
SMALL = {
    "data.source": "data/own/noise.npz",
    "families": ["mlp"],
    "seeds": [1],
    "train.epochs": 1,
    "models.mlp.units": 32,
    "tune.seeds": [1],
    "tune.mlp.trials": 2,
    "tune.mlp.rungs": [1],
    "tune.mlp.space": {"learning_rate": {"min": 0.0001, "max": 0.01, "log": True}},
}


def measure(pairs: int, images: int | None) -> list[Row]:
    if images:
        return [grown(pairs, images)]
    rows = [grown(pairs, *size) for size in SIZES]
    rows += [grown(pairs, **{kind: count}) for kind, counts in COUNTS.items() for count in counts]
    return [*rows, *shown()]


def grown(times: int, images: int = 1_000, shape: Sequence[int] = (28, 28), seeds: int = 1, trials: int = 2) -> Row:
    what = f"{images:,} images of {' × '.join(map(str, shape))}"
    what += f", {seeds} seeds" * (seeds > 1) + f", {trials:,} trials" * (trials > 2)
    changes = {"seeds": [*range(1, seeds + 1)], "tune.mlp.trials": trials}
    found = [pipeline(what, images, shape, changes) for _ in range(times)]
    peaks = [max(memory for memory, _ in stages.values()) for stages in found]
    longest = sorted(found[0], key=lambda stage: found[0][stage][1])[:-4:-1]
    whole = sum(seconds for _, seconds in found[0].values())
    parts = (f"{stage} {found[0][stage][1]:.0f} s with {found[0][stage][0]:.2f} GB" for stage in longest)
    note = f"{whole:.0f} s in all; {', '.join(parts)}"
    return Row(f"memory that the pipeline needs for {what}", peaks, MOST, smaller_is_better=True, unit="GB", note=note)


def pipeline(what: str, images: int, shape: Sequence[int], changes: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Of each stage, its most memory, in GB, and its seconds."""
    with project(images, shape, changes) as folder:
        found = {}
        for stage in STAGES:
            found[stage] = followed([sys.executable, "-m", *f"stages.{stage}".split()], folder)
            print(f"{what}: {stage}: {found[stage][0]:.2f} GB, {found[stage][1]:.1f} s", flush=True)
        return found


def shown() -> Iterator[Row]:
    show, there = ["dvc", "exp", "show", "--csv"], 0
    with project(1_000, (28, 28), {}) as folder:
        followed(["dvc", "repro"], folder)
        run(folder, "git", *WHO, "commit", "--quiet", "--all", "--message", "Run")
        for count in EXPERIMENTS:
            run(folder, "git", "fast-import", "--quiet", given=commits(folder, range(there, count)))
            runs = fresh(copy_runs, folder, range(there, count))
            commands = show, show, [sys.executable, "-m", "stages.track"]
            first, again, track = (followed(each, folder)[1] for each in commands)
            note = f"{first:.1f} s while {count - there} are new; stage track {track:.1f} s, {runs:,} runs in MLflow"
            yield Row(f"`dvc exp show`, experiments: {count}", [again], smaller_is_better=True, unit="s", note=note)
            there = count


def commits(folder: Path, numbers: Iterable[int]) -> str:
    """For `git fast-import`."""
    base, parameters = run(folder, "git", "rev-parse", "HEAD").strip(), (folder / "params.yaml").read_text()
    each = []
    for number in numbers:
        other = parameters.replace("epochs: 1", f"epochs: {number + 2}", 1)
        each += [
            f"commit refs/exps/{base[:2]}/{base[2:]}/e{number}\ncommitter Digits <> {number} +0000\ndata 0\n",
            f"from {base}\nM 100644 inline params.yaml\ndata {len(other.encode())}\n{other}\n",
        ]
    return "".join(each)


def copy_runs(folder: Path, numbers: Iterable[int]) -> int:
    """Those of the project, once more for each experiment. How many there are then."""
    configure()
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(f"sqlite:///{folder}/.mlflow/mlflow.db")
    experiment = client.get_experiment_by_name("digits").experiment_id
    runs = [run for run in client.search_runs([experiment]) if not run.data.tags.get("dvc.experiment")]
    for number in numbers:
        for run in runs:
            copy = client.create_run(experiment, tags=run.data.tags | {"dvc.experiment": f"e{number}"}).info.run_id
            metrics = [Metric(name, value, 0, 1) for name, value in run.data.metrics.items()]
            client.log_batch(copy, metrics, [Param(*each) for each in run.data.params.items()])
            client.set_terminated(copy)
    return len(client.search_runs([experiment], max_results=50_000))


@contextmanager
def project(images: int, shape: Sequence[int], changes: dict[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        folder, random = Path(temporary, "digits"), np.random.default_rng(1)
        clone(folder, SMALL | changes)
        noise = random.integers(0, 256, (images, *shape), np.uint8)
        np.savez(folder / SMALL["data.source"], x_train=noise, y_train=np.arange(images) % 10)
        del noise
        yield folder


def followed(command: Sequence[str], folder: Path) -> tuple[float, float]:
    most, started = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = psutil.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=said, stderr=said)
        while process.poll() is None:
            most = max(most, memory(process))
            time.sleep(0.2)
        said.seek(0)
        if process.returncode:
            raise UserError(f"{' '.join(command[2:])} failed: {said.read()[-500:]}")
    return most / 1e9, time.perf_counter() - started


def run(folder: Path, *command: str, given: str | None = None) -> str:
    options = {"cwd": folder, "env": ENVIRONMENT, "input": given, "text": True}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def memory(process: psutil.Process) -> int:
    found = 0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found += each.memory_full_info().pss
    return found


if __name__ == "__main__":
    main(measure, pairs=1)
