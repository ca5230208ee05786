"""The result in README.md stands between two marks and is written by the pipeline, never by hand.

`python -m digits.report.readme` fails where it is not that of reports/comparison.md.
"""

from pathlib import Path

from digits.core.cli import one_line_errors
from digits.core.errors import UserError
from digits.core.files import write_text
from digits.core.paths import REPORTS

FILE, COMPARISON = Path("README.md"), REPORTS / "comparison.md"
START, END = "<!-- results: written by `dvc repro` -->", "<!-- end of results -->"


def between(file: Path, start: str, end: str, results: str) -> str:
    """The file's text, with these results between the marks."""
    before, started, rest = file.read_text(encoding="utf-8").partition(start)
    _, ended, after = rest.partition(end)
    if not started or not ended:
        raise UserError(f"{file} lacks the marks {start} and {end} between which the results belong; put them back")
    return f"{before}{start}\n{results}{end}{after}"


def write_results(results: str) -> None:
    if (fresh := between(FILE, START, END, results)) != FILE.read_text(encoding="utf-8"):
        write_text(FILE, fresh)


def first_part(comparison: str) -> str:
    """What README shows: all between the first two headings."""
    return comparison.partition("\n\n")[2].partition("\n## ")[0]


def check() -> None:
    results = first_part(COMPARISON.read_text(encoding="utf-8"))
    if between(FILE, START, END, results) != FILE.read_text(encoding="utf-8"):
        raise UserError(f"{FILE}: its results are not those of {COMPARISON}; `dvc repro` writes both")


if __name__ == "__main__":
    with one_line_errors("check"):
        check()
