import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.report import Row

ROOT = Path(__file__).parent.parent.parent
FILES = {path.stem: path.read_text() for path in (ROOT / "benchmarks").glob("*.py")}
BENCHMARKS = {name for name, text in FILES.items() if "__main__" in text}
REPORTED = sorted(name for name, text in FILES.items() if "import entry" in text)


def test_a_row_says_median_spread_pairs_and_whether_the_aim_is_met() -> None:
    row = Row("speed", [1.3, 1.9, 1.5], aim=1.4)
    assert row.cells() == ("speed", "1.50 ×", "1.30 × to 1.90 ×", "3", "≥ 1.40 ×", "met")
    assert str(row) == "speed: 1.50 × (median; 1.30 × to 1.90 ×; n = 3); aim ≥ 1.40 ×: met"


def test_where_less_is_better_the_aim_is_not_to_be_passed() -> None:
    row = Row("overhead", [0.12], aim=0.1, smaller_is_better=True, unit="%")
    assert row.cells()[1:] == ("12.0 %", "12.0 % to 12.0 %", "1", "≤ 10.0 %", "not met")


def test_a_side_that_was_stopped_makes_the_ratio_a_bound() -> None:
    assert Row("search", [3.0, 3.0], aim=2.0, at_least=True).cells()[1] == "≥ 3.00 ×"


def test_what_has_no_aim_is_neither_met_nor_missed() -> None:
    assert Row("share", [0.4], unit="%").cells()[-2:] == ("–", "–")


def test_a_benchmark_replaces_its_own_rows_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    report.add("workers", "python -m benchmarks.workers 3", [Row("two", [1.8])])
    report.add("peak", "python -m benchmarks.peak 1", [Row("share", [0.5], unit="%", note="noisy")])
    report.add("workers", "python -m benchmarks.workers 5", [Row("two again", [1.9])])
    page = report.PAGE.read_text()
    assert re.findall(r"^\| (share|two|two again) \|", page, re.MULTILINE) == ["share", "two again"]
    assert "`python -m benchmarks.workers 5` on " in page
    assert "- share: noisy" in page
    assert page == report.markdown(report.read())


@pytest.mark.parametrize("benchmark", REPORTED)
def test_a_benchmark_says_in_its_file_what_it_compares(benchmark: str) -> None:
    title, blank, *more = report.about(benchmark).splitlines()
    assert title
    assert not blank
    assert more


def test_every_benchmark_that_is_named_exists_and_its_page_is_fresh() -> None:
    named = re.findall(
        r"-m benchmarks\.(\w+)", (ROOT / "Makefile").read_text() + (ROOT / "docs/scaling.md").read_text()
    )
    assert named
    assert set(named) <= BENCHMARKS
    if (ROOT / report.RECORD).exists():
        known = report.read(ROOT / report.RECORD)
        assert set(known) <= set(REPORTED)
        assert (ROOT / report.PAGE).read_text() == report.markdown(known)
