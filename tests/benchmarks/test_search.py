"""What the benchmark of searches makes of searches; they themselves are real trainings."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import search, search_runs
from digits.report.figures import style

FAST = [(5.0, 1, 0.95), (20.0, 4, 0.97), (40.0, 10, 0.98), (50.0, 12, 0.98)]
SLOW = [(10.0, 1, 0.94), (60.0, 6, 0.97), (100.0, 12, 0.97)]


def record(tuner: str, method: str, points: list[Any], seed: int = 1, tested: tuple[float, ...] = (0.98, 0.99)) -> Any:
    names = {"tuner": tuner, "method": method, "seed": seed, "fingerprint": f"{tuner}-{method}-{seed}"}
    return names | {"points": points, "test_accuracy": list(tested)}


def test_a_ratio_is_of_the_seconds_until_each_first_reaches_the_best_of_a_plain_search() -> None:
    faster, sooner, better, then = search.rows(
        {"ours": [record("ours", "halving", FAST)], "plain": [record("plain", "a", SLOW)]}
    )
    assert faster.values == [60 / 20]
    assert sooner.values == [100 / 50]
    assert better.values == [pytest.approx(0.03 / 0.02)]
    assert then.values == [pytest.approx(0.06 / 0.02)]  # after 50 seconds
    ends = "0.9800 in 50 s with 12 epochs, tested 98.00% and 99.00% against 0.9700 in 100 s"
    assert faster.note.startswith(f"reached in 1 of 1: {ends}")


def test_a_search_that_never_gets_as_far_has_a_ratio_of_0() -> None:
    ours, plain = record("ours", "halving", SLOW), record("plain", "a", FAST)
    faster, _, better, _ = search.rows({"ours": [ours], "plain": [plain]})
    assert faster.values == [0.0]
    assert faster.note.startswith("reached in 0 of 1: ")
    assert better.values == [pytest.approx(0.02 / 0.03)]


def test_the_luck_of_searches_is_what_that_of_seeds_does_not_explain() -> None:
    equal = [record("ours", "halving", FAST, seed, tested=(0.98, 0.99)) for seed in (1, 2, 3)]
    assert search.variance_components("ours", equal).note.endswith(
        "over seeds 0.707 points, over searches 0.000 points"
    )
    apart = [record("ours", "halving", FAST, seed, tested=(0.9 + seed / 100,) * 2) for seed in (1, 2, 3)]
    assert search.variance_components("ours", apart).note.endswith(
        "over seeds 0.000 points, over searches 1.000 points"
    )


def test_a_search_is_kept_as_the_points_where_it_became_better_and_its_end() -> None:
    others = {"validation_loss": 1.0, "validation_corrupted_accuracy": 0.5}
    history = [(101 + i, others | {"validation_accuracy": each}) for i, each in enumerate((0.5, 0.4, 0.6, 0.55))]
    assert search_runs.points(history, 100.0, "accuracy") == [(1.0, 1, 0.5), (3.0, 3, 0.6), (4.0, 4, 0.6)]


def test_every_tuner_of_every_seed_comes_once_and_another_begins_each_time() -> None:
    orders = [search_runs.in_turns(seed) for seed in range(1, 6)]
    assert len({order[0] for order in orders}) == len(orders[0]) == 5
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def test_the_figure_shows_each_tuner(tmp_path: Path) -> None:
    pair = [record("ours", "random", FAST), record("ours", "random", SLOW)]
    searches = {f"{tuner} {method}": pair for tuner, method in search_runs.in_turns(0)}
    with style.use_style():
        figure = search.draw(searches)
        style.save(figure, tmp_path / "searches.png")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(searches)
