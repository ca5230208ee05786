"""Trials per minute, two workers of the search against one

Equal trainings of params.yaml's CNN, an epoch each, handed to the search's own pool of workers; each worker has one
thread, and has started TensorFlow and done a training before the clock runs.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks import entry
from benchmarks.pairs import fresh, interleaved
from benchmarks.report import Row
from benchmarks.subjects import images, job
from digits.common.errors import UserError
from digits.training.jobs import Segment, SegmentResult

TRIALS = 8
IMAGES = 10_000


def measure(pairs: int, count: int | None) -> list[Row]:
    found = interleaved(
        pairs, lambda _: fresh(per_minute, 2, count or IMAGES), lambda _: fresh(per_minute, 1, count or IMAGES)
    )
    return [Row("trials per minute with 2 workers / with 1", [compared(*each) for each in found], aim=1.8)]


def compared(two: float, one: float) -> float:
    print(f"trials per minute: {two:.1f} with 2 workers, {one:.1f} with 1", flush=True)
    return two / one


def per_minute(size: int, count: int) -> float:
    from digits.training.pool import Pool, workers

    one = job("cnn", "baseline", epochs=1, seed=1)
    one = replace(one, runtime=one.runtime.model_copy(update={"threads": 1}))
    legs = [Segment(number, one, 0, 1, None) for number in range(TRIALS)]
    with workers(size, None) as client:
        client.wait_for_workers(size)
        pool = Pool(client, one.runtime, images("train", count), images("validation", 1_000))
        pool.code()  # of each worker, which starts TensorFlow there
        done(pool.run(legs[:size], lambda *_: None))
        started = time.perf_counter()
        done(pool.run(legs, lambda *_: None))
        return 60 * TRIALS / (time.perf_counter() - started)


def done(ran: Iterator[tuple[Segment, SegmentResult]]) -> None:
    for leg, each in ran:
        if each.failure is not None:
            raise UserError(f"trial {leg.trial} failed: {each.failure}")


if __name__ == "__main__":
    entry.run(measure, pairs=3)
