"""Progress that reads well in both places: a moving bar on a terminal, now and then a line in a log file."""

import sys
import time
from typing import Self

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10


class Progress:
    def __init__(self, total: int, label: str, unit: str, scale: bool = False) -> None:
        self.total, self.label, self.done = total, label, 0
        look = {"unit": unit, "unit_scale": scale, "dynamic_ncols": True}
        self.bar = tqdm(total=total, desc=label, disable=not sys.stderr.isatty(), **look)
        self.started = self.printed = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, amount: int = 1, note: str = "") -> None:
        self.done += amount
        self.bar.set_postfix_str(note, refresh=False)
        self.bar.update(amount)
        now = time.perf_counter()
        if self.bar.disable and (self.done >= self.total or now - self.printed >= SECONDS_BETWEEN_LINES):
            self.printed = now
            share = f": {self.done / self.total:4.0%}" if self.total else ""
            parts = (f"{self.label}{share}", f"{now - self.started:.0f} s", note)
            print(" · ".join(filter(None, parts)), file=sys.stderr, flush=True)
