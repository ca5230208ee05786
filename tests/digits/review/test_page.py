import re

import numpy as np
import pytest

from digits.review import page
from digits.review.answers import Answers, compare

IMAGES, CLASSES = 2000, 4
TRUTH = np.arange(IMAGES) % CLASSES
COSTS = {"mlp tuned": {"multiply_adds": 400, "training_tflop": 1.0}}


def model(wrong: int, seed: int) -> np.ndarray:
    """Probabilities that miss about so many images, other ones for each seed."""
    random = np.random.default_rng(seed)
    said = TRUTH.copy()
    said[random.choice(IMAGES, wrong, replace=False)] += 1
    return np.eye(CLASSES, dtype=np.float32)[said % CLASSES]


def side(seeds: tuple[int, ...] = (1, 2, 3), draw: int = 0, **wrong: int) -> Answers:
    families = {(family, "tuned", seed): count for family, count in wrong.items() for seed in seeds}
    return Answers(TRUTH, {key: model(count + key[2], 10 * draw + key[2]) for key, count in families.items()})


def advice(old: Answers, new: Answers, **costs: float) -> str:
    return page.advise(compare(old, new), COSTS, {"mlp tuned": COSTS["mlp tuned"] | costs})


def test_better_and_nothing_worse_is_to_be_merged() -> None:
    said = advice(side(mlp=200, cnn=50), side(mlp=100, cnn=50, draw=1))
    assert said.startswith("**Merge:** mlp tuned is better by 5.00 points (")
    assert "and nothing compared is worse" in said
    assert "cnn" not in said


def test_worse_is_not_to_be_merged() -> None:
    said = advice(side(mlp=100), side(mlp=200, draw=1))
    assert said.startswith("**Do not merge:** mlp tuned is worse by 5.00 points (")
    assert "better" not in said


def test_better_here_and_worse_there_is_not_to_be_merged_as_it_is() -> None:
    said = advice(side(mlp=200, cnn=50), side(mlp=100, cnn=150, draw=1))
    assert said.startswith("**Do not merge as it is:** cnn tuned is worse by 5.00 points")
    assert "although mlp tuned is better by 5.00 points" in said


def test_a_difference_that_chance_explains_leaves_the_decision_to_other_grounds() -> None:
    said = advice(side(mlp=100), side(mlp=101, draw=1), training_tflop=2.0, multiply_adds=300)
    assert said.startswith("**No measurable change:** the largest difference found is ")
    assert "would have been found. Decide on other grounds." in said
    assert said.endswith("Cost: mlp tuned takes 2.00 × as much to train, mlp tuned takes 0.75 × as much to answer.")


def test_the_same_answers_are_called_the_same() -> None:
    said = advice(side(mlp=100), side(mlp=100))
    assert said.startswith("**No measurable change:** every model gives the same answers, to the last bit.")
    assert said.endswith("Cost: the same.")


def test_without_a_model_on_both_sides_nothing_is_recommended() -> None:
    assert advice(side(mlp=100), side(cnn=100)).startswith("**No recommendation:** no model is on both sides")


@pytest.mark.parametrize("costs", [{}, {"mlp tuned": {"parameters": 3}}])
def test_a_cost_that_an_earlier_revision_does_not_know_is_not_guessed(costs) -> None:
    assert page.advise(compare(side(mlp=9), side(mlp=9)), costs, COSTS).endswith("Cost: not known on both sides.")


def test_the_recommendation_stands_first_and_what_differs_below() -> None:
    text = page.page("Review of `b` against `a`", "**Merge:** yes.", ["One.", "Two."], ["### Code\n\nThe same.", ""])
    assert text == (
        "<!-- review -->\n\n## Review of `b` against `a`\n\n**Merge:** yes.\n\n> One.\n>\n> Two.\n\n"
        "### Code\n\nThe same.\n"
    )


def test_each_row_of_the_verdict_has_all_its_cells() -> None:
    lines = page.verdicts(compare(side(mlp=200, cnn=50), side(mlp=100, cnn=50, draw=1))).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {row.count("|") for row in rows} == {7}
    assert re.fullmatch(
        r"\| mlp tuned \| 89\.90 ± 0\.05 % \| 94\.90 ± 0\.05 % \| \+5\.00 \[\+\d\.\d\d, \+\d\.\d\d\] \| < 0\.001 "
        r"\| \*\*better\*\* \|",
        rows[4],
    )


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
        "| Metric | Old | New | Change |\n| --- | ---: | ---: | ---: |\n"
        "| `mlp.loss` | 0.5 | 0.25 | -0.250000 |\n| `mlp.parameters` | 2,000 | 1,000 | -1,000 |"
    )
    costs = page.costs({"cnn tuned": {"multiply_adds": 2_000_000}}, {"cnn tuned": {"multiply_adds": 3_000_000}})
    assert costs.splitlines()[2] == "| cnn tuned | multiply adds | 2,000,000 | 3,000,000 | 1.50 × |"


def test_what_is_empty_is_left_out_or_said_to_be_the_same() -> None:
    assert page.folded("Figures", "") == ""
    assert page.section("Code", "", "The same.") == "### Code\n\nThe same."


def test_results_of_other_code_are_named_by_stage() -> None:
    assert page.outdated("`main`", ["a", "b", "c", "d"]) == (
        "The results of `main` were made by other code or parameters than it holds (`a`, `b`, `c` and 1 more)"
    )


def test_a_figure_on_one_side_only_has_one_picture() -> None:
    assert page.figures({"a.png": (None, "new/a.png")}).splitlines()[2:] == [
        "| – | a.png<br>![a.png, new](new/a.png) |"
    ]
