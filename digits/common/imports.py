"""Imports of large libraries, made cheaper."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def blocked_imports(packages: tuple[str, ...]) -> Iterator[None]:
    """As if they were not installed."""
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


@contextmanager
def frozen_gc() -> Iterator[None]:
    """Garbage collection skips what is imported meanwhile, now, later, and when the process ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
