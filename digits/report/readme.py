"""The results in README.md stand between two marks: `make readme` copies them from reports/comparison.md.

`python -m digits.report.readme --check` fails where they differ.
"""

import sys
from pathlib import Path

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import write_text
from digits.core.paths import REPORTS

FILE, COMPARISON = Path("README.md"), REPORTS / "comparison.md"
START, END = "<!-- results: written by `make readme` -->", "<!-- end of results -->"


def between(file: Path, start: str, end: str, results: str) -> str:
    """The file's text, with these results between the marks."""
    before, started, rest = file.read_text(encoding="utf-8").partition(start)
    _, ended, after = rest.partition(end)
    if not started or not ended:
        raise UserError(f"{file} lacks the marks {start} and {end} between which the results belong; put them back")
    return f"{before}{start}\n{results}{end}{after}"


def main(*arguments: str) -> None:
    if arguments not in ((), ("--check",)):
        raise UserError(f"takes --check or nothing, not {' '.join(arguments)}")
    current = FILE.read_text(encoding="utf-8")
    fresh = between(FILE, START, END, first_part(COMPARISON.read_text(encoding="utf-8")))
    if fresh != current and arguments:
        raise UserError(f"{FILE}: its results are not those of {COMPARISON}; `make readme` copies them")
    if fresh != current:
        write_text(FILE, fresh)


def first_part(comparison: str) -> str:
    """What README shows: all between the first two headings."""
    return comparison.partition("\n\n")[2].partition("\n## ")[0]


if __name__ == "__main__":
    with one_line_errors("readme"):
        main(*sys.argv[1:])
