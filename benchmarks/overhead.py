"""The whole of `dvc repro` over the time in which something trains

Of the committed files in a clone of their own, without dvc.lock and thus from nothing: images, trainings, searches,
comparison, figures, tracking. Something trains while at least one model or trial is between its start and its end, as
MLflow was told them; several train side by side. TensorFlow's start, the download and every other stage are overhead.
n is 1, because each takes as long as `make repro`.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clones import clone, repro, share, tracked
from benchmarks.run import Row, main
from digits.core.errors import UserError


def measure(pairs: int, images: int | None) -> list[Row]:
    runs = [timed(images) for _ in range(pairs)]
    notes = (f"{seconds:.0f} s in all, {training:.0f} s with {count} trainings" for seconds, training, count in runs)
    shares = [seconds / training - 1 for seconds, training, _ in runs]
    what = "time of `dvc repro` beyond that of its trainings"
    return [Row(what, shares, aim=0.06, smaller_is_better=True, unit="%", note="; ".join(notes))]


def timed(images: int | None) -> tuple[float, float, int]:
    """Its seconds, those in which something trained, and how many trainings there were."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "digits")
        clone(folder, share(images))
        started = time.perf_counter()
        repro(folder)
        seconds, trainings = time.perf_counter() - started, intervals(folder)
    return seconds, union(trainings), len(trainings)


def intervals(folder: Path) -> list[tuple[float, float]]:
    """From start to end, in seconds: each model's and each trial's."""
    client, experiment = tracked(folder)
    runs = client.search_runs([experiment], "tags.kind != 'search'", max_results=10_000)
    if late := [run.info.run_name for run in runs if "core_minutes" not in run.data.metrics]:
        raise UserError(f"MLflow was told of these afterwards, and not how long they trained: {', '.join(late)}")
    return [(run.info.start_time / 1000, run.info.end_time / 1000) for run in runs]


def union(intervals: Sequence[tuple[float, float]]) -> float:
    """How long at least one of them lasts."""
    covered = until = 0.0
    for start, end in sorted(intervals):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered


if __name__ == "__main__":
    main(measure, pairs=1)
