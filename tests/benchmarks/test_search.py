"""The evaluation of searches; the searches themselves are real trainings and are not tested here."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import search, search_runs
from digits.report.figures import style

FAST = [(5.0, 1, 0.95), (20.0, 4, 0.97), (40.0, 10, 0.98), (50.0, 12, 0.98)]
SLOW = [(10.0, 1, 0.94), (60.0, 6, 0.97), (100.0, 12, 0.97)]


def search_result(
    tuner: str, method: str, points: list[Any], seed: int = 1, accuracies: tuple[float, ...] = (0.98, 0.99)
) -> Any:
    names = {"tuner": tuner, "method": method, "seed": seed, "fingerprint": f"{tuner}-{method}-{seed}"}
    return names | {"points": points, "test_accuracy": list(accuracies)}


def test_ratios_are_reference_over_candidate() -> None:
    ours, plain = search_result("ours", "halving", FAST), search_result("plain", "a", SLOW)
    to_best, to_end, errors, early_errors = search.comparison_rows({"ours": [ours], "plain": [plain]})
    assert to_best.values == [60 / 20]
    assert to_end.values == [100 / 50]
    assert errors.values == [pytest.approx(0.03 / 0.02)]
    assert early_errors.values == [pytest.approx(0.06 / 0.02)]  # after 50 seconds
    ends = "0.9800 in 50 s with 12 epochs, tested 98.00% and 99.00% against 0.9700 in 100 s"
    assert to_best.note.startswith(f"reached in 1 of 1: {ends}")


def test_a_search_that_never_reaches_the_best_objective_has_a_ratio_of_0() -> None:
    ours, plain = search_result("ours", "halving", SLOW), search_result("plain", "a", FAST)
    to_best, _, errors, _ = search.comparison_rows({"ours": [ours], "plain": [plain]})
    assert to_best.values == [0.0]
    assert to_best.note.startswith("reached in 0 of 1: ")
    assert errors.values == [pytest.approx(0.02 / 0.03)]


def test_the_variance_of_searches_excludes_that_of_seeds() -> None:
    equal = [search_result("ours", "halving", FAST, seed, accuracies=(0.98, 0.99)) for seed in (1, 2, 3)]
    assert search.accuracy_row("ours", equal).note.endswith("over seeds 0.707 points, over searches 0.000 points")
    apart = [search_result("ours", "halving", FAST, seed, accuracies=(0.9 + seed / 100,) * 2) for seed in (1, 2, 3)]
    assert search.accuracy_row("ours", apart).note.endswith("over seeds 0.000 points, over searches 1.000 points")


def test_a_curve_has_the_improvements_and_the_end() -> None:
    constant = {"validation_loss": 1.0, "validation_corrupted_accuracy": 0.5}
    accuracies = (0.5, 0.4, 0.6, 0.55)
    history = [(101 + i, constant | {"validation_accuracy": accuracy}) for i, accuracy in enumerate(accuracies)]
    assert search_runs.best_so_far(history, 100.0, "accuracy") == [(1.0, 1, 0.5), (3.0, 3, 0.6), (4.0, 4, 0.6)]


def test_each_seed_runs_every_tuner_and_starts_with_another_one() -> None:
    orders = [search_runs.rotated_tuners(seed) for seed in range(1, 6)]
    assert len({order[0] for order in orders}) == len(orders[0]) == 5
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def test_the_figure_shows_each_tuner(tmp_path: Path) -> None:
    results = [search_result("ours", "random", FAST), search_result("ours", "random", SLOW)]
    searches = {f"{tuner} {method}": results for tuner, method in search_runs.rotated_tuners(0)}
    with style.use_style():
        figure = search.draw(searches)
        style.save(figure, tmp_path / "searches.png")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(searches)
