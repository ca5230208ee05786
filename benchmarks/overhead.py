"""The whole of `dvc repro`, against the time in which models train

The committed files run in their own clone, from nothing (without dvc.lock): images, trainings, searches, comparison,
figures, tracking. The training time is the time in which at least one model or trial is between its start and its end,
as recorded in MLflow; several train side by side. TensorFlow's start, the download and every other stage are overhead.
n is 1, because a run takes as long as `make repro`.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clones import clone, open_store, repro, share_parameter
from benchmarks.run import Row, main
from digits.core.errors import UserError


def measure(n_repeats: int, n_images: int | None) -> list[Row]:
    runs = [run_pipeline(n_images) for _ in range(n_repeats)]
    notes = (f"{seconds:.0f} s in all, {training:.0f} s with {count} trainings" for seconds, training, count in runs)
    shares = [seconds / training - 1 for seconds, training, _ in runs]
    label = "time of `dvc repro` beyond that of its trainings"
    return [Row(label, shares, aim=0.06, smaller_is_better=True, unit="%", note="; ".join(notes))]


def run_pipeline(n_images: int | None) -> tuple[float, float, int]:
    """Return the seconds of the run, the seconds in which a model trained, and the number of trainings."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "digits")
        clone(folder, share_parameter(n_images))
        started = time.perf_counter()
        repro(folder)
        seconds, trainings = time.perf_counter() - started, training_intervals(folder)
    return seconds, union_length(trainings), len(trainings)


def training_intervals(folder: Path) -> list[tuple[float, float]]:
    """Return the start and the end of each model's and each trial's training, in seconds."""
    client, experiment = open_store(folder)
    runs = client.search_runs([experiment], "tags.kind != 'search'", max_results=10_000)
    if untimed := [run.info.run_name for run in runs if "core_minutes" not in run.data.metrics]:
        raise UserError(f"MLflow has no training time of these runs: {', '.join(untimed)}")
    return [(run.info.start_time / 1000, run.info.end_time / 1000) for run in runs]


def union_length(intervals: Sequence[tuple[float, float]]) -> float:
    """Return the time that at least one of the intervals covers."""
    length = covered_until = 0.0
    for start, end in sorted(intervals):
        length += max(0.0, end - max(start, covered_until))
        covered_until = max(covered_until, end)
    return length


if __name__ == "__main__":
    main(measure, n_repeats=1)
