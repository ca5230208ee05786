import os
import re
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.run import Row, compare, interleaved, run_in_process

ROOT = Path(__file__).parent.parent.parent
SOURCES = {path.stem: path.read_text() for path in (ROOT / "benchmarks").glob("*.py")}
COMMANDS = {name for name, text in SOURCES.items() if "__main__" in text}
REPORTED = sorted(name for name, text in SOURCES.items() if "main(measure" in text)


def test_sides_take_turns_in_being_first_and_stay_paired() -> None:
    calls = []

    def call(name: str) -> str:
        calls.append(name)
        return f"{name} {len(calls)}"

    pairs = list(interleaved(3, lambda: call("ours"), lambda: call("plain")))
    assert calls == ["ours", "plain", "plain", "ours", "ours", "plain"]
    assert pairs == [("ours 1", "plain 2"), ("ours 4", "plain 3"), ("ours 5", "plain 6")]


def test_each_call_has_a_new_process() -> None:
    assert len({os.getpid(), run_in_process(os.getpid), run_in_process(os.getpid)}) == 3


def test_a_larger_rate_and_a_smaller_time_are_better() -> None:
    rate = compare("speed", 2, lambda: 3000.0, lambda: 1500.0, "images/s", aim=1.5)
    assert (rate.values, rate.aim, rate.note) == ([2, 2], 1.5, "3,000 images/s against 1,500 images/s")
    assert compare("wait", 1, lambda: 0.5, lambda: 2.0, "s").values == [4]


def test_a_row_has_median_range_pairs_and_whether_the_aim_is_met() -> None:
    row = Row("speed", [1.3, 1.9, 1.5], aim=1.4)
    assert row.cells() == ("speed", "1.50 ×", "1.30 × to 1.90 ×", "3", "≥ 1.40 ×", "met")
    assert Row("share", [0.4], unit="%").cells()[-2:] == ("–", "–")


def test_an_aim_can_be_a_maximum() -> None:
    row = Row("overhead", [0.12], aim=0.1, smaller_is_better=True, unit="%")
    assert row.cells()[1:] == ("12.0 %", "12.0 % to 12.0 %", "1", "≤ 10.0 %", "not met")


def test_a_benchmark_replaces_its_own_rows_and_leaves_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run.save_results("workers", "python -m benchmarks.workers 3", [Row("two", [1.8])])
    run.save_results("overhead", "python -m benchmarks.overhead 1", [Row("share", [0.5], unit="%", note="noisy")])
    run.save_results("workers", "python -m benchmarks.workers 5", [Row("two again", [1.9])])
    report = run.REPORT_FILE.read_text()
    assert re.findall(r"^\| (share|two|two again) \|", report, re.MULTILINE) == ["share", "two again"]
    assert re.search(r"^`python -m benchmarks.workers 5` at commit [0-9a-f]{7,}, on ", report, re.MULTILINE)
    assert "- share: noisy" in report
    assert report == run.format_report(run.load_results())


@pytest.mark.parametrize("benchmark", REPORTED)
def test_a_benchmarks_docstring_has_a_title_and_a_description(benchmark: str) -> None:
    assert re.fullmatch(r".+\n\n.+", run.load_docstring(benchmark), re.DOTALL)


def test_every_documented_benchmark_exists() -> None:
    texts = [(ROOT / "Makefile").read_text(), *(page.read_text() for page in (ROOT / "docs").glob("*.md"))]
    documented = re.findall(r"-m benchmarks\.(\w+)", "\n".join(texts))
    assert documented
    assert set(documented) <= COMMANDS


def test_the_committed_report_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert set(run.load_results()) <= set(REPORTED)
    assert run.REPORT_FILE.read_text() == run.format_report(run.load_results())
