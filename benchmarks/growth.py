"""Memory and time of the whole pipeline, by the number of images, seeds, trials and experiments

The stages run one by one in a clone of the repository. The images are noise in ten classes. Training is as short as
possible: a small MLP, one epoch and, unless the row names another number, 1,000 images, one seed and two trials. Memory
is the peak of a stage and its workers (the sum of Linux's proportional set sizes, sampled five times a second): pages
that several processes share count once. Images mapped from their file are included, although the system can drop those
pages where memory is short. The notes name the longest stages. Experiments are commits like those of `dvc exp run`,
each with its own parameters, and as many MLflow runs as these would have left. n is 1: memory hardly differs between
runs, and all rows take half an hour.
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

from benchmarks.clones import ENVIRONMENT, clone, commit, open_store
from benchmarks.run import Row, main, run_in_process
from digits.core.errors import UserError
from digits.core.git import git

SIZES = [(1_000, (28, 28)), (10_000, (28, 28)), (100_000, (28, 28)), (1_000_000, (28, 28)), (100_000, (64, 64, 3))]
COUNTS = {"n_seeds": (10, 50), "n_trials": (10, 100, 1_000)}
EXPERIMENTS = (1, 100, 500)
STAGES = ("download", "prepare", "train_baseline mlp", "tune mlp", "train_tuned mlp")
STAGES += ("evaluate", "compare", "plot", "export", "track")
MAX_MEMORY = 8  # GB
PARAMETERS = {
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


def measure(n_repeats: int, n_images: int | None) -> list[Row]:
    if n_images:
        return [measure_pipeline(n_repeats, n_images)]
    rows = [measure_pipeline(n_repeats, *size) for size in SIZES]
    rows += [measure_pipeline(n_repeats, **{name: count}) for name, counts in COUNTS.items() for count in counts]
    return [*rows, *measure_experiments()]


def measure_pipeline(
    n_repeats: int, n_images: int = 1_000, shape: Sequence[int] = (28, 28), n_seeds: int = 1, n_trials: int = 2
) -> Row:
    size = f"{n_images:,} images of {' × '.join(map(str, shape))}"
    size += f", {n_seeds} seeds" * (n_seeds > 1) + f", {n_trials:,} trials" * (n_trials > 2)
    peaks, notes = [], []
    for _ in range(n_repeats):
        stages = []
        with small_project(n_images, shape, {"seeds": [*range(1, n_seeds + 1)], "tune.mlp.trials": n_trials}) as folder:
            for stage in STAGES:
                memory, seconds = run_measured([sys.executable, "-m", *f"stages.{stage}".split()], folder)
                stages.append((seconds, memory, stage))
                print(f"{size}: {stage}: {memory:.2f} GB, {seconds:.1f} s", flush=True)
        peaks.append(max(memory for _, memory, _ in stages))
        longest = (f"{name} {seconds:.0f} s with {memory:.2f} GB" for seconds, memory, name in sorted(stages)[:-4:-1])
        notes.append(f"{sum(seconds for seconds, *_ in stages):.0f} s in all; {', '.join(longest)}")
    label = f"peak memory of the pipeline for {size}"
    return Row(label, peaks, MAX_MEMORY, smaller_is_better=True, unit="GB", note="; ".join(notes))


def measure_experiments() -> Iterator[Row]:
    show, track = ["dvc", "exp", "show", "--csv"], [sys.executable, "-m", "stages.track"]
    n_existing = 0
    with small_project(1_000, (28, 28), {}) as folder:
        run_measured(["dvc", "repro"], folder)
        commit(folder)
        for n_experiments in EXPERIMENTS:
            new = range(n_existing, n_experiments)
            add_commits(folder, new)
            n_runs = run_in_process(copy_runs, folder, new)
            first, second, tracking = (run_measured(command, folder)[1] for command in (show, show, track))
            note = f"{first:.1f} s while {len(new)} are new; stage track {tracking:.1f} s, {n_runs:,} runs in MLflow"
            label = f"`dvc exp show`, experiments: {n_experiments}"
            yield Row(label, [second], smaller_is_better=True, unit="s", note=note)
            n_existing = n_experiments


def add_commits(folder: Path, numbers: range) -> None:
    """Add experiments in the form in which `dvc exp run` leaves them."""
    base, parameters = git("-C", str(folder), "rev-parse", "HEAD"), (folder / "params.yaml").read_text()
    commands = ""
    for number in numbers:
        changed = parameters.replace("epochs: 1", f"epochs: {number + 2}", 1)
        commands += (
            f"commit refs/exps/{base[:2]}/{base[2:]}/e{number}\ncommitter Digits <> {number} +0000\ndata 0\n"
            f"from {base}\nM 100644 inline params.yaml\ndata {len(changed.encode())}\n{changed}\n"
        )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=commands.encode(), check=True)


def copy_runs(folder: Path, numbers: range) -> int:
    """Copy the project's MLflow runs once for each experiment, and return the number of runs afterwards."""
    client, experiment = open_store(folder)
    from mlflow.entities import Metric, Param

    runs = [run for run in client.search_runs([experiment]) if not run.data.tags.get("dvc.experiment")]
    for number in numbers:
        for run in runs:
            copy = client.create_run(experiment, tags=run.data.tags | {"dvc.experiment": f"e{number}"}).info.run_id
            metrics = [Metric(name, value, 0, 1) for name, value in run.data.metrics.items()]
            client.log_batch(copy, metrics, [Param(name, value) for name, value in run.data.params.items()])
            client.set_terminated(copy)
    return len(client.search_runs([experiment], max_results=50_000))


@contextmanager
def small_project(n_images: int, shape: Sequence[int], parameters: dict[str, Any]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "digits")
        clone(folder, PARAMETERS | parameters)
        noise = np.random.default_rng(1).integers(0, 256, (n_images, *shape), np.uint8)
        np.savez(folder / PARAMETERS["data.source"], x_train=noise, y_train=np.arange(n_images) % 10)
        del noise
        yield folder


def run_measured(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run the command, and return its peak memory in GB and its seconds."""
    peak, started = 0, time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = psutil.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, process_memory(process))
            time.sleep(0.2)
        output.seek(0)
        if process.returncode:
            raise UserError(f"{' '.join(command[2:])} failed: {output.read()[-500:]}")
    return peak / 1e9, time.perf_counter() - started


def process_memory(process: psutil.Process) -> int:
    """Return the bytes of a process and its children."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += member.memory_full_info().pss
    return total


if __name__ == "__main__":
    main(measure, n_repeats=1)
