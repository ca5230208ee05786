"""What every benchmark does around its measuring: numbers from the command line, rows to the screen and the report."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.report import Row
from digits.common.errors import UserError

Measure = Callable[[int, int | None], Sequence[Row]]  # so many pairs, on so many images: None for what it wants


def run(measure: Measure, pairs: int) -> None:
    """`python -m benchmarks.NAME [PAIRS] [IMAGES]`: with a number of images it is only tried, and nothing is kept."""
    given = sys.argv[1:]
    if len(given) > 2 or not all(each.isdecimal() and int(each) for each in given):
        sys.exit(f"{name()}: error: takes [PAIRS] [IMAGES], not {' '.join(given)}")
    pairs, images = [*map(int, given), *(pairs, None)[len(given) :]]
    finish(lambda: measure(pairs, images), command=None if images else f"python -m benchmarks.{name()} {pairs}")


def finish(measure: Callable[[], Sequence[Row]], command: str | None) -> None:
    started = time.perf_counter()
    try:
        rows = measure()
        if command is not None:
            report.add(name(), command, rows)
    except (UserError, OSError) as mistake:
        sys.exit(f"{name()}: error: {mistake}")
    print(*rows, sep="\n")
    kept = f"{report.PAGE} has it" if command else "only tried, and not kept"
    print(f"{name()}: {kept} ({time.perf_counter() - started:.0f} s)", flush=True)


def name() -> str:
    return Path(sys.argv[0]).stem
