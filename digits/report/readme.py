"""Copy the overview from reports/comparison.md into README.md, between two marks: `make readme`.

`python -m digits.report.readme --check` fails if they differ.
"""

import sys
from pathlib import Path

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import write_text
from digits.core.paths import REPORTS

FILE, COMPARISON = Path("README.md"), REPORTS / "comparison.md"
START, END = "<!-- results: written by `make readme` -->", "<!-- end of results -->"
DETAILS = f"Losses, calibration, corrupted images, ensembles and costs: [comparison]({COMPARISON.as_posix()})."


def main(*arguments: str) -> None:
    if arguments not in ((), ("--check",)):
        raise UserError(f"takes --check or no arguments, not {' '.join(arguments)}")
    results = f"{extract_overview(COMPARISON.read_text(encoding='utf-8')).rstrip()} {DETAILS}\n"
    current, updated = FILE.read_text(encoding="utf-8"), replace_between(FILE, START, END, results)
    if updated != current and arguments:
        raise UserError(f"{FILE}: its results differ from {COMPARISON}; `make readme` copies them")
    if updated != current:
        write_text(FILE, updated)


def replace_between(file: Path, start: str, end: str, results: str) -> str:
    """Return the text of the file with these results between the marks."""
    before, start_mark, rest = file.read_text(encoding="utf-8").partition(start)
    _, end_mark, after = rest.partition(end)
    if not start_mark or not end_mark:
        raise UserError(f"{file} lacks the marks {start} and {end} around the results; restore them")
    return f"{before}{start}\n{results}{end}{after}"


def extract_overview(comparison: str) -> str:
    """Return the text between the first two headings."""
    return comparison.partition("\n\n")[2].partition("\n## ")[0]


if __name__ == "__main__":
    with one_line_errors("readme"):
        main(*sys.argv[1:])
