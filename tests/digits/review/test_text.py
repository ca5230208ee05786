import re

import pytest

from digits.review import pictures, tables, text
from digits.review.answers import compare
from tests.digits.review.test_advice import side


def test_the_recommendation_stands_first_and_what_differs_below() -> None:
    page = text.page("Review of `b` against `a`", "**Merge:** yes.", ["One.", "Two."], ["### Code\n\nThe same.", ""])
    assert page == (
        "<!-- review -->\n\n## Review of `b` against `a`\n\n**Merge:** yes.\n\n> One.\n>\n> Two.\n\n"
        "### Code\n\nThe same.\n"
    )


def test_each_row_of_the_verdict_has_all_its_cells() -> None:
    lines = text.verdicts(compare(side(mlp=200, cnn=50), side(mlp=100, cnn=50, draw=1))).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {7}
    assert re.fullmatch(
        r"\| mlp tuned \| 89\.90 ± 0\.05 % \| 94\.90 ± 0\.05 % \| \+5\.00 \[\+\d\.\d\d, \+\d\.\d\d\] \| < 0\.001 "
        r"\| \*\*better\*\* \|",
        rows[4],
    )


def test_only_what_differs_is_in_a_table() -> None:
    old = {"train": {"epochs": 10}, "seeds": [1, 2], "gone": "a|b"}
    new = {"train": {"epochs": 20}, "seeds": [1, 2], "more": {"x": 0.5}}
    assert tables.params(old, new).splitlines()[2:] == [
        "| `train.epochs` | `10` | `20` |",
        "| `gone` | `a\\|b` | – |",
        "| `more.x` | – | `0.5` |",
    ]
    assert tables.params(old, old) == ""


def test_metrics_show_the_change_and_costs_the_ratio() -> None:
    assert tables.metrics({"mlp": {"loss": 0.5, "parameters": 2000}}, {"mlp": {"loss": 0.25, "parameters": 1000}}) == (
        "| Metric | Old | New | Change |\n| --- | ---: | ---: | ---: |\n"
        "| `mlp.loss` | 0.5 | 0.25 | -0.250000 |\n| `mlp.parameters` | 2,000 | 1,000 | -1,000 |"
    )
    costs = tables.costs({"cnn tuned": {"multiply_adds": 2_000_000}}, {"cnn tuned": {"multiply_adds": 3_000_000}})
    assert costs.splitlines()[2] == "| cnn tuned | multiply adds | 2,000,000 | 3,000,000 | 1.50 × |"


def test_what_is_empty_is_left_out_or_said_to_be_the_same() -> None:
    assert text.folded("Figures", "") == ""
    assert text.section("Code", "", "The same.") == "### Code\n\nThe same."


def test_results_of_other_code_are_named_by_stage() -> None:
    assert text.outdated("`main`", ["a", "b", "c", "d"]) == (
        "The results of `main` were made by other code or parameters than it holds (`a`, `b`, `c` and 1 more)"
    )


def test_a_figure_on_one_side_only_has_one_picture() -> None:
    assert pictures.markdown({"a.png": (None, "new/a.png")}).splitlines()[2:] == [
        "| – | a.png<br>![a.png, new](new/a.png) |"
    ]


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://github.com/team/digits.git", "team/digits"),
        ("https://github.com/team/digits", "team/digits"),
        ("git@github.com:team/digits.git", "team/digits"),
        ("ssh://git@github.com/team/digits.git", "team/digits"),
        ("https://example.org/team/digits.git", None),
        ("/somewhere/github.com/team/digits", None),
    ],
)
def test_a_project_on_github_is_known_by_its_remote(url: str, project: str | None) -> None:
    found = pictures.GITHUB.fullmatch(url)
    assert (found and found["project"]) == project
