"""The command line of the benchmarks, measurements in turns, and the report.

`python -m benchmarks.NAME [PAIRS] [IMAGES]` measures this many pairs. A run with a number of images is a trial run and
saves nothing; without one, the results go to reports/benchmarks.json and the report to reports/benchmarks.md.
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

RESULTS_FILE, REPORT_FILE = REPORTS / "benchmarks.json", REPORTS / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench` and the commands below. The two sides of a ratio are measured in turns. Each row
shows the median of the pairs, the lowest and the highest.

| Measured | Median | Lowest to highest | Pairs | Aim | |
|---|---:|---:|---:|---:|---|"""
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    label: str
    values: Sequence[float]  # one per pair
    aim: float | None = None
    smaller_is_better: bool = False
    unit: str = "×"
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        middle = median(self.values)
        value_range = f"{self.format(min(self.values))} to {self.format(max(self.values))}"
        aim = status = "–"
        if self.aim is not None:
            aim = f"{'≤' if self.smaller_is_better else '≥'} {self.format(self.aim)}"
            status = "met" if (middle <= self.aim if self.smaller_is_better else middle >= self.aim) else "not met"
        return self.label, self.format(middle), value_range, str(len(self.values)), aim, status

    def format(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self.unit == "%" else f"{value:.2f} {self.unit}".rstrip()


def main(measure: Callable[[int, int | None], Sequence[Row]], n_repeats: int) -> None:
    """Run `measure` with the number of repeats (or pairs) and of images; None stands for the benchmark's own number."""
    started, name, arguments = time.perf_counter(), Path(sys.argv[0]).stem, sys.argv[1:]
    with one_line_errors(name):
        if len(arguments) > 2 or not all(argument.isdecimal() and int(argument) for argument in arguments):
            raise UserError(f"takes [PAIRS] [IMAGES], not {' '.join(arguments)}")
        n_repeats, n_images = [*map(int, arguments), *(n_repeats, None)[len(arguments) :]]
        rows = measure(n_repeats, n_images)
        if n_images is None:
            save_results(name, f"python -m benchmarks.{name} {n_repeats}", rows)
        for row in rows:
            print(*row.cells(), row.note, sep=" | ")
        status = "trial run, not saved" if n_images else f"saved to {REPORT_FILE}"
        print(f"{name}: {status} ({time.perf_counter() - started:.0f} s)", flush=True)


def interleaved(n_pairs: int, candidate: Callable[[], T], reference: Callable[[], T]) -> Iterator[tuple[T, T]]:
    """Alternate which of the two runs first: a machine that becomes slower, or is shared, then favours neither."""
    for number in range(n_pairs):
        order = (reference, candidate) if number % 2 else (candidate, reference)
        results = {function: function() for function in order}
        yield results[candidate], results[reference]


def compare(
    label: str,
    n_pairs: int,
    candidate: Callable[[], float],
    reference: Callable[[], float],
    unit: str,
    aim: float | None = None,
) -> Row:
    """Return how many times better the candidate is: a time (unit "s") is better if smaller, a rate if larger."""
    pairs = []
    for pair in interleaved(n_pairs, candidate, reference):
        pairs.append(pair)
        print(f"{label}: {format_pair(pair, unit)}", flush=True)
    ratios = [second / first if unit == "s" else first / second for first, second in pairs]
    return Row(label, ratios, aim, note=format_pair(map(median, zip(*pairs, strict=True)), unit))


def format_pair(pair: Iterable[float], unit: str) -> str:
    return " against ".join(f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}" for value in pair)


def run_in_process(function: Callable[..., T], *arguments: Any) -> T:
    """Call the function in a new process: TensorFlow never releases its threads, memory and graphs."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def save_results(benchmark: str, command: str, rows: Sequence[Row]) -> None:
    """Replace this benchmark's earlier rows, keep the rows of the others, and write the report."""
    rounded = [asdict(replace(row, values=[round(value, 4) for value in row.values])) for row in rows]
    commit = git("-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    result = {"command": command, "commit": commit, "machine": describe_machine(), "rows": rounded}
    write_json(RESULTS_FILE, dict(sorted((load_results() | {benchmark: result}).items())))
    write_text(REPORT_FILE, format_report(load_results()))


def load_results() -> dict[str, Any]:
    return read_json(RESULTS_FILE) if RESULTS_FILE.exists() else {}


def format_report(results: dict[str, Any]) -> str:
    rows = {name: [Row(**row) for row in result["rows"]] for name, result in results.items()}
    lines = [HEAD, *(f"| {' | '.join(row.cells())} |" for name in rows for row in rows[name])]
    for name, result in results.items():
        title, _, description = load_docstring(name).partition("\n\n")
        run = f"`{result['command']}` at commit {result['commit']}, on {result['machine']}"
        lines += ["", f"## {title}", "", run, "", description, ""]
        lines += [f"- {row.label}: {row.note}" for row in rows[name] if row.note]
    return "\n".join((*lines, ""))


def load_docstring(benchmark: str) -> str:
    """Return the docstring of the benchmark's file: title, blank line, what it measures and how."""
    return ast.get_docstring(ast.parse(Path(__file__).with_name(f"{benchmark}.py").read_text(encoding="utf-8")))


def describe_machine() -> str:
    system = f"{processor_name()}, {os.cpu_count()} cores, {platform.system()}"
    libraries = f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"
    return f"{system}; Python {platform.python_version()}, {libraries}"


def processor_name() -> str:
    file = Path("/proc/cpuinfo")
    name = re.search(r"^model name\s*: (.+)$", file.read_text() if file.exists() else "", re.MULTILINE)
    return name[1] if name else platform.processor() or platform.machine()
