"""Progress that reads well in both places: a moving bar on a terminal, now and then a line in a log file."""

import sys
import time
from typing import Self

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class Progress:
    def __init__(self, total: int, label: str, unit: str, scale: bool = False) -> None:
        self.total, self.label, self.unit, self.done = total, label, unit, 0
        self.bar = (
            tqdm(total=total, desc=label, unit=unit, unit_scale=scale, dynamic_ncols=True)
            if sys.stderr.isatty()
            else None
        )
        self.started = self.printed = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        if self.bar is not None:
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(amount)
            return
        now = time.perf_counter()
        if self.done >= self.total or now - self.printed >= SECONDS_BETWEEN_LINES:
            self.printed = now
            share = f": {self.done / self.total:4.0%}" if self.total else ""
            parts = (f"{self.label}{share}", f"{now - self.started:.0f} s", note)
            print(" · ".join(filter(None, parts)), file=sys.stderr, flush=True)
