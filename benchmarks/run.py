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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from subprocess import CalledProcessError
from typing import Any, TypeVar

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

    def __str__(self) -> str:
        what, middle, spread, count, aim, met = self.cells()
        aimed = "" if self.aim is None else f"; aim {aim}: {met}"
        return f"{what}: {middle} (median; {spread}; n = {count}){aimed}{'; ' * bool(self.note)}{self.note}"


def main(measure: Callable[[int, int | None], Sequence[Row]], pairs: int) -> None:
    """`measure` takes the number of pairs and of images; None stands for as many images as it wants."""
    started, name, given = time.perf_counter(), Path(sys.argv[0]).stem, sys.argv[1:]
    if len(given) > 2 or not all(each.isdecimal() and int(each) for each in given):
        sys.exit(f"{name}: error: takes [PAIRS] [IMAGES], not {' '.join(given)}")
    pairs, images = [*map(int, given), *(pairs, None)[len(given) :]]
    try:
        rows = measure(pairs, images)
        if images is None:
            keep(name, f"python -m benchmarks.{name} {pairs}", rows)
    except (UserError, OSError, CalledProcessError) as mistake:
        sys.exit(f"{name}: error: {mistake}")
    print(*rows, sep="\n")
    kept = "only tried, and not kept" if images else f"{PAGE} has it"
    print(f"{name}: {kept} ({time.perf_counter() - started:.0f} s)", flush=True)


def interleaved(pairs: int, ours: Callable[[int], T], theirs: Callable[[int], T]) -> Iterator[tuple[T, T]]:
    """Both get the number of the pair, which may be a seed. They take turns in being first: a machine that becomes
    slower, or is shared, favours neither."""
    for number in range(1, pairs + 1):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        found = {side: side(number) for side in order}
        yield found[ours], found[theirs]


def compare(
    what: str, pairs: int, ours: Callable[[], float], theirs: Callable[[], float], unit: str, aim: float | None = None
) -> Row:
    """How many times better ours is: less where it is a time, more where it is a rate."""
    found = []
    for mine, other in interleaved(pairs, lambda _: ours(), lambda _: theirs()):
        print(f"{what}: {digits(mine)} {unit} against {digits(other)}", flush=True)
        found.append((mine, other))
    ratios = [other / mine if unit in ("s", "ms") else mine / other for mine, other in found]
    medians = (f"{digits(median(side))} {unit}" for side in zip(*found, strict=True))
    return Row(what, ratios, aim, note=" against ".join(medians))


def digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


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
