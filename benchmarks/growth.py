"""Memory and time of the whole pipeline, by how many images there are and how large

Stage by stage in a clone of the committed files, with noise for images in ten classes, and as little training as there
can be: a small MLP, one seed, one epoch, two trials. Memory is the most that a stage and its workers had at any moment
(the sum of Linux's proportional set sizes, looked at five times a second): what several of them share counts once,
images that are mapped from their file among it, although they give way where memory is short. The longest stages are
named.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
from ruamel.yaml import YAML

from benchmarks.overhead import ENVIRONMENT, clone
from benchmarks.run import Row, main
from digits.common.errors import UserError

SIZES = [(1_000, (28, 28)), (10_000, (28, 28)), (100_000, (28, 28)), (1_000_000, (28, 28)), (100_000, (64, 64, 3))]
STAGES = ("download", "prepare", "train_baseline mlp", "tune mlp", "train_tuned mlp")
STAGES += ("evaluate", "compare", "plot", "export", "track")
MOST = 8  # GB
SMALL = {
    "data.source": "data/own/noise.npz",
    "families": ["mlp"],
    "seeds": [1],
    "train.epochs": 1,
    "models.mlp.units": 32,
    "tune.mlp.trials": 2,
    "tune.mlp.rungs": [1],
    "tune.mlp.space": {"units": [16, 32]},
}


def measure(pairs: int, images: int | None) -> list[Row]:
    return [grown(pairs, *size) for size in ([(images, (28, 28))] if images else SIZES)]


def grown(times: int, images: int, shape: Sequence[int]) -> Row:
    what = f"{images:,} images of {' × '.join(map(str, shape))}"
    found = [pipeline(images, shape, what) for _ in range(times)]
    peaks = [max(memory for memory, _ in stages.values()) for stages in found]
    longest = sorted(found[0], key=lambda stage: found[0][stage][1])[:-4:-1]
    whole = sum(seconds for _, seconds in found[0].values())
    parts = (f"{stage} {found[0][stage][1]:.0f} s with {found[0][stage][0]:.2f} GB" for stage in longest)
    note = f"{whole:.0f} s in all; {', '.join(parts)}"
    return Row(f"memory that the pipeline needs for {what}", peaks, MOST, smaller_is_better=True, unit="GB", note=note)


def pipeline(images: int, shape: Sequence[int], what: str) -> dict[str, tuple[float, float]]:
    """Of each stage, its most memory, in GB, and its seconds."""
    with project(images, shape) as folder:
        found = {}
        for stage in STAGES:
            found[stage] = followed([sys.executable, "-m", *f"stages.{stage}".split()], folder)
            print(f"{what}: {stage}: {found[stage][0]:.2f} GB, {found[stage][1]:.1f} s", flush=True)
        return found


@contextmanager
def project(images: int, shape: Sequence[int]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as temporary:
        folder, random = Path(temporary, "digits"), np.random.default_rng(1)
        clone(folder, None)
        noise = random.integers(0, 256, (images, *shape), np.uint8)
        np.savez(folder / SMALL["data.source"], x_train=noise, y_train=np.arange(images) % 10)
        yaml, file = YAML(), folder / "params.yaml"
        parameters = yaml.load(file)
        for key, value in SMALL.items():
            *sections, name = key.split(".")
            section = parameters
            for each in sections:
                section = section[each]
            section[name] = value
        yaml.dump(parameters, file)
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


def memory(process: psutil.Process) -> int:
    found = 0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found += each.memory_full_info().pss
    return found


if __name__ == "__main__":
    main(measure, pairs=1)
