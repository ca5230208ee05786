import re
from dataclasses import replace

from digits.review import page
from digits.review.predictions import compare
from tests.digits.review.factories import make_stored


def test_the_recommendation_comes_before_notes_and_sections() -> None:
    text = page.render("Review of `b` against `a`", "**Merge:** yes.", ["One.", "Two."], ["### Code\n\nUnchanged.", ""])
    assert text == (
        "<!-- review -->\n\n## Review of `b` against `a`\n\n**Merge:** yes.\n\n> One.\n>\n> Two.\n\n"
        "### Code\n\nUnchanged.\n"
    )


def test_each_row_of_verdicts_has_all_its_cells() -> None:
    text = page.verdicts(compare(make_stored(mlp=200, cnn=50), make_stored(mlp=100, cnn=50, draw=1)))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0] == "| Model | Metric | Base | Head | Difference | p | Verdict |"
    assert len(rows) == 2 + 4 * 5
    assert {row.count("|") for row in rows} == {8}
    [accuracy, loss] = [row for row in rows if re.match(r"\| mlp tuned \| (Test accuracy|Loss) ", row)]
    assert re.fullmatch(
        r"\| mlp tuned \| Test accuracy \| 89\.90 ± 0\.05 % \| 94\.90 ± 0\.05 % \| \+5\.00 \[\+\d\.\d\d, \+\d\.\d\d\] "
        r"\| < 0\.001 \| \*\*better\*\* \|",
        accuracy,
    )
    assert re.search(r"\| -0\.\d{4} \[-0\.\d{4}, -0\.\d{4}\] \| < 0\.001 \| \*\*better\*\* \|$", loss)


def test_an_open_verdict_has_its_detectable_difference() -> None:
    text = page.verdicts(compare(make_stored(mlp=100), make_stored(mlp=101, draw=1)))
    assert re.search(r"\| open \(detectable: ±\d\.\d\d\) \|$", text, re.MULTILINE)


def test_a_line_above_the_table_summarizes_each_model() -> None:
    base = make_stored(mlp=200, cnn=50, seeds=(1,))
    head = make_stored(mlp=100, confidence=0.5, corrupted_error=0.2, seeds=(1,), draw=1)
    head = replace(head, models={**make_stored(cnn=50, seeds=(1,)).models, **head.models})
    worse = "worse in loss, calibration error, trained corruptions, held-out corruptions"
    assert page.verdicts(compare(base, head)).splitlines()[:2] == [
        "- cnn tuned: identical predictions",
        f"- mlp tuned: better in test accuracy; {worse}",
    ]


def test_without_common_models_only_the_models_of_each_revision_are_listed() -> None:
    text = page.verdicts(compare(make_stored(mlp=9, seeds=(1,)), make_stored(cnn=9, seeds=(1,))))
    base, head = text.split("\n\n")
    assert re.fullmatch(r"Only in base.*: mlp-tuned-1\.", base)
    assert re.fullmatch(r"Only in head.*: cnn-tuned-1\.", head)


def test_a_table_holds_only_differences() -> None:
    changes = [("train.epochs", 10, 20), ("gone", "a|b", None), ("more.x", None, 0.5)]
    assert page.params_table(changes).splitlines()[2:] == [
        "| `train.epochs` | `10` | `20` |",
        "| `gone` | `a\\|b` | – |",
        "| `more.x` | – | `0.5` |",
    ]
    assert page.params_table([]) == ""


def test_metrics_have_a_change_and_costs_a_ratio() -> None:
    assert page.metrics_table([("mlp.loss", 0.5, 0.25), ("mlp.parameters", 2000, 1000)]) == (
        "| Metric | Base | Head | Change |\n|---|---:|---:|---:|\n"
        "| `mlp.loss` | 0.5 | 0.25 | -0.250000 |\n| `mlp.parameters` | 2,000 | 1,000 | -1,000 |"
    )
    base, head = ({"cnn tuned": {"multiply_adds": millions * 1_000_000}} for millions in (2, 3))
    row = page.costs_table(base, head).splitlines()[2]
    assert row == "| cnn tuned | multiply adds | 2,000,000 | 3,000,000 | 1.50 × |"


def test_empty_details_are_left_out_and_empty_sections_have_a_default() -> None:
    assert page.details("Figures", "") == ""
    assert page.section("Code", "", "Unchanged.") == "### Code\n\nUnchanged."


def test_outdated_results_name_their_stages() -> None:
    text = page.outdated_results("`main`", ["a", "b", "c", "d"])
    assert text.startswith("The results of `main` were produced by code or parameters that differ from its own")
    assert text.endswith("(`a`, `b`, `c` and 1 more)")


def test_a_figure_of_one_revision_has_one_image() -> None:
    assert page.figures_table({"a.png": (None, "head/a.png")}).splitlines()[2:] == [
        "| – | a.png<br>![a.png, head](head/a.png) |"
    ]
