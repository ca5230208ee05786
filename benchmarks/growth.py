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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.clones import ENVIRONMENT, clone, commit, tracked
from benchmarks.run import Row, fresh, main
from digits.core.errors import UserError
from digits.core.git import git

SIZES = [(1_000, (28, 28)), (10_000, (28, 28)), (100_000, (28, 28)), (1_000_000, (28, 28)), (100_000, (64, 64, 3))]
COUNTS = {"seeds": (10, 50), "trials": (10, 100, 1_000)}
EXPERIMENTS = (1, 100, 500)
STAGES = ("download", "prepare", "train_baseline mlp", "tune mlp", "train_tuned mlp")
STAGES += ("evaluate", "compare", "plot", "export", "track")
MAX_MEMORY = 8  # GB
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
    return [*rows, *experiments()]


def grown(pairs: int, images: int = 1_000, shape: Sequence[int] = (28, 28), seeds: int = 1, trials: int = 2) -> Row:
    what = f"{images:,} images of {' × '.join(map(str, shape))}"
    what += f", {seeds} seeds" * (seeds > 1) + f", {trials:,} trials" * (trials > 2)
    peaks, notes = [], []
    for _ in range(pairs):
        stages = []
        with project(images, shape, {"seeds": [*range(1, seeds + 1)], "tune.mlp.trials": trials}) as folder:
            for stage in STAGES:
                memory, seconds = followed([sys.executable, "-m", *f"stages.{stage}".split()], folder)
                stages.append((seconds, memory, stage))
                print(f"{what}: {stage}: {memory:.2f} GB, {seconds:.1f} s", flush=True)
        peaks.append(max(memory for _, memory, _ in stages))
        longest = (f"{name} {seconds:.0f} s with {memory:.2f} GB" for seconds, memory, name in sorted(stages)[:-4:-1])
        notes.append(f"{sum(seconds for seconds, *_ in stages):.0f} s in all; {', '.join(longest)}")
    what = f"memory that the pipeline needs for {what}"
    return Row(what, peaks, MAX_MEMORY, smaller_is_better=True, unit="GB", note="; ".join(notes))


def experiments() -> Iterator[Row]:
    show, done = ["dvc", "exp", "show", "--csv"], 0
    with project(1_000, (28, 28), {}) as folder:
        followed(["dvc", "repro"], folder)
        commit(folder)
        for count in EXPERIMENTS:
            new = range(done, count)
            add_commits(folder, new)
            runs = fresh(copy_runs, folder, new)
            commands = show, show, [sys.executable, "-m", "stages.track"]
            first, again, track = (followed(each, folder)[1] for each in commands)
            note = f"{first:.1f} s while {len(new)} are new; stage track {track:.1f} s, {runs:,} runs in MLflow"
            yield Row(f"`dvc exp show`, experiments: {count}", [again], smaller_is_better=True, unit="s", note=note)
            done = count


def add_commits(folder: Path, numbers: range) -> None:
    """As `dvc exp run` leaves them."""
    base, parameters = git("-C", str(folder), "rev-parse", "HEAD"), (folder / "params.yaml").read_text()
    commands = ""
    for number in numbers:
        other = parameters.replace("epochs: 1", f"epochs: {number + 2}", 1)
        commands += (
            f"commit refs/exps/{base[:2]}/{base[2:]}/e{number}\ncommitter Digits <> {number} +0000\ndata 0\n"
            f"from {base}\nM 100644 inline params.yaml\ndata {len(other.encode())}\n{other}\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=commands.encode(), check=True)


def copy_runs(folder: Path, numbers: range) -> int:
    """Those of the project, once more for each experiment. How many there are then."""
    client, experiment = tracked(folder)
    from mlflow.entities import Metric, Param

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
        folder = Path(temporary, "digits")
        clone(folder, SMALL | changes)
        noise = np.random.default_rng(1).integers(0, 256, (images, *shape), np.uint8)
        np.savez(folder / SMALL["data.source"], x_train=noise, y_train=np.arange(images) % 10)
        del noise
        yield folder


def followed(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Its most memory, in GB, and its seconds."""
    peak, started = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, memory(process))
            time.sleep(0.2)
        output.seek(0)
        if process.returncode:
            raise UserError(f"{' '.join(command[2:])} failed: {output.read()[-500:]}")
    return peak / 1e9, time.perf_counter() - started


def memory(process: psutil.Process) -> int:
    total = 0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += each.memory_full_info().pss
    return total


if __name__ == "__main__":
    main(measure, pairs=1)
