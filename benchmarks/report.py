"""What the benchmarks found, in one report: reports/benchmarks.json holds it, reports/benchmarks.md shows it."""

import ast
import os
import platform
import re
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from statistics import median

from digits.common.files import read_json, write_json, write_text
from digits.common.paths import REPORTS

RECORD, PAGE = REPORTS / "benchmarks.json", REPORTS / "benchmarks.md"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    what: str
    values: Sequence[float]  # one of each pair
    aim: float | None = None
    smaller_is_better: bool = False
    unit: str = "×"
    at_least: bool = False  # the slower side was stopped before it was done, so that the true values are higher
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        return self.median <= self.aim if self.smaller_is_better else self.median >= self.aim

    def shown(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self.unit == "%" else f"{value:.2f} {self.unit}".rstrip()

    def cells(self) -> tuple[str, ...]:
        more, sign = "≥ " if self.at_least else "", "≤" if self.smaller_is_better else "≥"
        return (
            self.what,
            more + self.shown(self.median),
            f"{self.shown(min(self.values))} to {self.shown(max(self.values))}",
            str(len(self.values)),
            "–" if self.aim is None else f"{sign} {self.shown(self.aim)}",
            {None: "–", True: "met", False: "not met"}[self.met],
        )

    def __str__(self) -> str:
        what, middle, spread, count, aim, met = self.cells()
        aimed = "" if self.aim is None else f"; aim {aim}: {met}"
        noted = f"; {self.note}" if self.note else ""
        return f"{what}: {middle} (median; {spread}; n = {count}){aimed}{noted}"


@dataclass(frozen=True)
class Found:
    """By one benchmark, in one go."""

    command: str
    machine: str
    rows: Sequence[Row]


def add(benchmark: str, command: str, rows: Sequence[Row]) -> None:
    """In place of what it found before; what the others found stays."""
    rounded = [replace(row, values=[round(value, 4) for value in row.values]) for row in rows]
    known = read() | {benchmark: Found(command, machine(), rounded)}
    write_json(RECORD, {name: asdict(known[name]) for name in sorted(known)})
    write_text(PAGE, markdown(read()))


def read(path: Path = RECORD) -> dict[str, Found]:
    record = read_json(path) if path.exists() else {}
    return {
        name: Found(found["command"], found["machine"], [Row(**row) for row in found["rows"]])
        for name, found in record.items()
    }


def machine() -> str:
    libraries = ", ".join(
        f"{name} {version(package)}" for name, package in (("TensorFlow", "tensorflow"), ("Keras", "keras"))
    )
    hardware = f"{processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{hardware}; Python {platform.python_version()}, {libraries}"


def processor() -> str:
    try:
        named = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        named = None
    return named[1] if named else platform.processor() or platform.machine()


HEAD = """# Benchmarks

Written by `make bench` and the commands below. Both sides of a ratio are measured in turns: the median of the pairs,
the lowest and the highest.

| Measured | Median | Lowest to highest | Pairs | Aim | |
|---|---:|---:|---:|---:|---|"""


def markdown(known: dict[str, Found]) -> str:
    table = [f"| {' | '.join(row.cells())} |" for found in known.values() for row in found.rows]
    return "\n".join((HEAD, *table, *(line for each in known.items() for line in section(*each)), ""))


def section(benchmark: str, found: Found) -> tuple[str, ...]:
    title, _, more = about(benchmark).partition("\n")
    notes = [f"- {row.what}: {row.note}" for row in found.rows if row.note]
    told = [*more.strip().splitlines(), *([""] if more.strip() else [])]
    return ("", f"## {title}", "", f"`{found.command}` on {found.machine}", "", *told, *notes)


def about(benchmark: str) -> str:
    """What the benchmark's own file says of it."""
    text = ast.get_docstring(ast.parse((HERE / f"{benchmark}.py").read_text(encoding="utf-8")))
    return textwrap.dedent(text or benchmark).strip()
