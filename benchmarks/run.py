"""What the benchmarks share: their command line, two sides measured in turns, and the report.

`python -m benchmarks.NAME [PAIRS] [IMAGES]` measures so many pairs. With a number of images it is only tried; else
reports/benchmarks.json keeps what was found, and reports/benchmarks.md shows it.
"""

import ast
import multiprocessing
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import read_json, write_json, write_text
from digits.core.git import git
from digits.core.paths import REPORTS

RECORD, PAGE = REPORTS / "benchmarks.json", REPORTS / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` and the commands below. Both sides of a ratio are measured in turns: the median of the pairs,
the lowest and the highest.

| Measured | Median | Lowest to highest | Pairs | Aim | |
|---|---:|---:|---:|---:|---|"""
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    what: str
    values: Sequence[float]  # one of each pair
    aim: float | None = None
    smaller_is_better: bool = False
    unit: str = "×"
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        middle, spread = median(self.values), f"{self.shown(min(self.values))} to {self.shown(max(self.values))}"
        aim = met = "–"
        if self.aim is not None:
            aim = f"{'≤' if self.smaller_is_better else '≥'} {self.shown(self.aim)}"
            met = "met" if (middle <= self.aim if self.smaller_is_better else middle >= self.aim) else "not met"
        return self.what, self.shown(middle), spread, str(len(self.values)), aim, met

    def shown(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self.unit == "%" else f"{value:.2f} {self.unit}".rstrip()


def main(measure: Callable[[int, int | None], Sequence[Row]], pairs: int) -> None:
    """`measure` takes the number of pairs and of images; None stands for as many images as it wants."""
    started, name, arguments = time.perf_counter(), Path(sys.argv[0]).stem, sys.argv[1:]
    with one_line_errors(name):
        if len(arguments) > 2 or not all(each.isdecimal() and int(each) for each in arguments):
            raise UserError(f"takes [PAIRS] [IMAGES], not {' '.join(arguments)}")
        pairs, images = [*map(int, arguments), *(pairs, None)[len(arguments) :]]
        rows = measure(pairs, images)
        if images is None:
            keep(name, f"python -m benchmarks.{name} {pairs}", rows)
        for row in rows:
            print(*row.cells(), row.note, sep=" | ")
        kept = "only tried, and not kept" if images else f"{PAGE} has it"
        print(f"{name}: {kept} ({time.perf_counter() - started:.0f} s)", flush=True)


def interleaved(pairs: int, ours: Callable[[], T], plain: Callable[[], T]) -> Iterator[tuple[T, T]]:
    """They take turns in being first: a machine that becomes slower, or is shared, favours neither."""
    for number in range(pairs):
        results = {side: side() for side in ((plain, ours) if number % 2 else (ours, plain))}
        yield results[ours], results[plain]


def compare(
    what: str, pairs: int, ours: Callable[[], float], plain: Callable[[], float], unit: str, aim: float | None = None
) -> Row:
    """How many times better ours is: less where it is a time, more where it is a rate."""
    values = []
    for pair in interleaved(pairs, ours, plain):
        values.append(pair)
        print(f"{what}: {against(pair, unit)}", flush=True)
    ratios = [second / first if unit == "s" else first / second for first, second in values]
    return Row(what, ratios, aim, note=against(map(median, zip(*values, strict=True)), unit))


def against(pair: Iterable[float], unit: str) -> str:
    return " against ".join(f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}" for value in pair)


def fresh(work: Callable[..., T], *arguments: Any) -> T:
    """Run in a new process: TensorFlow keeps its threads, its memory and its graphs for life."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def keep(benchmark: str, command: str, rows: Sequence[Row]) -> None:
    """Replaces what this benchmark found before; the others' rows stay."""
    rounded = [asdict(replace(row, values=[round(value, 4) for value in row.values])) for row in rows]
    commit = git("-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    results = known() | {benchmark: {"command": command, "commit": commit, "machine": machine(), "rows": rounded}}
    write_json(RECORD, dict(sorted(results.items())))
    write_text(PAGE, page(known()))


def known() -> dict[str, Any]:
    return read_json(RECORD) if RECORD.exists() else {}


def page(results: dict[str, Any]) -> str:
    rows = {name: [Row(**row) for row in result["rows"]] for name, result in results.items()}
    lines = [HEAD, *(f"| {' | '.join(row.cells())} |" for each in rows.values() for row in each)]
    for name, result in results.items():
        title, _, more = about(name).partition("\n\n")
        run = f"`{result['command']}` at commit {result['commit']}, on {result['machine']}"
        lines += ["", f"## {title}", "", run, "", more, ""]
        lines += [f"- {row.what}: {row.note}" for row in rows[name] if row.note]
    return "\n".join((*lines, ""))


def about(benchmark: str) -> str:
    """The docstring of its file: title, blank line, what is measured and how."""
    return ast.get_docstring(ast.parse(Path(__file__).with_name(f"{benchmark}.py").read_text(encoding="utf-8")))


def machine() -> str:
    libraries = f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    return (
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}, {libraries}"
    )


def processor() -> str:
    file = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.+)$", file.read_text() if file.exists() else "", re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()
