import re
from dataclasses import replace

from digits.review import page
from digits.review.answers import compare
from tests.digits.review.sides import side


def test_the_recommendation_stands_first_and_what_differs_below() -> None:
    text = page.page("Review of `b` against `a`", "**Merge:** yes.", ["One.", "Two."], ["### Code\n\nThe same.", ""])
    assert text == (
        "<!-- review -->\n\n## Review of `b` against `a`\n\n**Merge:** yes.\n\n> One.\n>\n> Two.\n\n"
        "### Code\n\nThe same.\n"
    )


def test_each_row_of_the_verdict_has_all_its_cells() -> None:
    lines = page.verdicts(compare(side(mlp=200, cnn=50), side(mlp=100, cnn=50, draw=1))).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert len(rows) == 2 + 4 * 5
    assert {row.count("|") for row in rows} == {8}
    [accuracy, loss] = [row for row in rows if re.match(r"\| mlp tuned \| (Test accuracy|Loss) ", row)]
    assert re.fullmatch(
        r"\| mlp tuned \| Test accuracy \| 89\.90 ± 0\.05 % \| 94\.90 ± 0\.05 % \| \+5\.00 \[\+\d\.\d\d, \+\d\.\d\d\] "
        r"\| < 0\.001 \| \*\*better\*\* \|",
        accuracy,
    )
    assert re.search(r"\| -0\.\d{4} \[-0\.\d{4}, -0\.\d{4}\] \| < 0\.001 \| \*\*better\*\* \|$", loss)


def test_above_its_table_the_verdict_says_what_got_better_and_worse_by_model() -> None:
    old, new = side(mlp=200, cnn=50, seeds=(1,)), side(mlp=100, sure=0.5, corrupted=0.2, seeds=(1,), draw=1)
    new = replace(new, models={**side(cnn=50, seeds=(1,)).models, **new.models})
    assert page.verdicts(compare(old, new)).splitlines()[:2] == [
        "- cnn tuned: same answers, to the last bit",
        "- mlp tuned: better in test accuracy; worse in loss, calibration error, trained corruptions, held-out corruptions",
    ]


def test_without_a_model_on_both_sides_the_verdict_only_says_which_is_where() -> None:
    old, new = page.verdicts(compare(side(mlp=9, seeds=(1,)), side(cnn=9, seeds=(1,)))).split("\n\n")
    assert re.fullmatch(r"Only on the old side.*: mlp-tuned-1\.", old)
    assert re.fullmatch(r"Only on the new side.*: cnn-tuned-1\.", new)


def test_only_what_differs_is_in_a_table() -> None:
    changes = [("train.epochs", 10, 20), ("gone", "a|b", None), ("more.x", None, 0.5)]
    assert page.params(changes).splitlines()[2:] == [
        "| `train.epochs` | `10` | `20` |",
        "| `gone` | `a\\|b` | – |",
        "| `more.x` | – | `0.5` |",
    ]
    assert page.params([]) == ""


def test_metrics_show_the_change_and_costs_the_ratio() -> None:
    assert page.metrics([("mlp.loss", 0.5, 0.25), ("mlp.parameters", 2000, 1000)]) == (
        "| Metric | Old | New | Change |\n|---|---:|---:|---:|\n"
        "| `mlp.loss` | 0.5 | 0.25 | -0.250000 |\n| `mlp.parameters` | 2,000 | 1,000 | -1,000 |"
    )
    costs = page.costs({"cnn tuned": {"multiply_adds": 2_000_000}}, {"cnn tuned": {"multiply_adds": 3_000_000}})
    assert costs.splitlines()[2] == "| cnn tuned | multiply adds | 2,000,000 | 3,000,000 | 1.50 × |"


def test_what_is_empty_is_left_out_or_said_to_be_the_same() -> None:
    assert page.folded("Figures", "") == ""
    assert page.section("Code", "", "The same.") == "### Code\n\nThe same."


def test_results_of_other_code_are_named_by_stage() -> None:
    text = page.outdated("`main`", ["a", "b", "c", "d"])
    assert text.startswith("The results of `main` were made by other code")
    assert text.endswith("(`a`, `b`, `c` and 1 more)")


def test_a_figure_on_one_side_only_has_one_picture() -> None:
    assert page.figures({"a.png": (None, "new/a.png")}).splitlines()[2:] == [
        "| – | a.png<br>![a.png, new](new/a.png) |"
    ]
