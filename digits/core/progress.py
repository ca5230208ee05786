"""A progress bar on a terminal; in a log file, a line every few seconds."""

import sys
import time
from typing import Self

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class ProgressBar:
    def __init__(self, total: int, label: str, unit: str, unit_scale: bool = False) -> None:
        self.total, self.label, self.completed = total, label, 0
        options = {"unit": unit, "unit_scale": unit_scale, "dynamic_ncols": True}
        self.bar = tqdm(total=total, desc=label, disable=not sys.stderr.isatty(), **options)
        self.started = self.last_printed = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.completed += amount
        self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(amount)
        now = time.perf_counter()
        if self.bar.disable and (self.completed >= self.total or now - self.last_printed >= SECONDS_BETWEEN_LINES):
            self.last_printed = now
            percent = f": {self.completed / self.total:4.0%}" if self.total else ""
            parts = (f"{self.label}{percent}", f"{now - self.started:.0f} s", note)
            print(" · ".join(filter(None, parts)), file=sys.stderr, flush=True)
