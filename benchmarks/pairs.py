"""Two sides of a comparison, measured in turns: a machine that grows slower, or is shared, then favours neither."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def interleaved(pairs: int, ours: Callable[[int], T], theirs: Callable[[int], T]) -> Iterator[tuple[T, T]]:
    """Both are told the number of the pair, which may be a seed. Who comes first changes with each."""
    for number in range(1, pairs + 1):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        found = {side: side(number) for side in order}
        yield found[ours], found[theirs]


def fresh(work: Callable[..., T], *arguments: Any) -> T:
    """Done by a new process, for TensorFlow keeps its threads, its memory and its graphs for life."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()
