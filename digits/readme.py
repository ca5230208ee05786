"""The result table in README.md stands between two marks and is written by the pipeline, never by hand."""

from pathlib import Path

from digits.errors import UserError
from digits.files import write_text

FILE = Path("README.md")
START, END = "<!-- results: written by `dvc repro` -->", "<!-- end of results -->"


def with_results(text: str, table: str) -> str:
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise UserError(f"{FILE} lacks the marks {START} and {END} between which the results belong; put them back")
    return f"{before}{START}\n\n{table}\n{END}{after}"


def write_results(table: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    if (fresh := with_results(text, table)) != text:
        write_text(FILE, fresh)
