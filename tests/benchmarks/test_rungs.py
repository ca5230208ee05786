"""What a way to halve would find, from curves that are known."""

import numpy as np
import pytest

from benchmarks import rungs, search_runs

CURVES = np.array([[0.5, 0.4, 0.1], [0.4, 0.3, 0.3], [0.3, 0.2, 0.4], [0.2, 0.5, 0.2]])


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        (((3,), 1.0), 0.1),  # all to the end: the best there is
        (((1, 3), 0.5), 0.2),  # the first, which would end best, is last after epoch 1
        (((2, 3), 0.5), 0.3),
        (((1, 2, 3), 0.5), 0.4),
    ],
)
def test_only_those_that_are_kept_can_win(design: rungs.Design, expected: float) -> None:
    assert rungs.winner(CURVES, design) == expected


def test_as_many_recipes_are_drawn_as_the_epochs_suffice_for() -> None:
    assert search_runs.most(48, (4,), 1.0) == 12
    assert search_runs.most(48, (1, 4), 0.3) == 24
    assert search_runs.spent(24, (1, 4), 0.3) == 24 + 3 * 8


def test_where_the_first_epoch_tells_all_halving_is_better_and_where_it_misleads_worse() -> None:
    rng = np.random.default_rng(1)
    quality = rng.uniform(0.01, 0.1, 40)
    telling = np.stack([quality + 0.5, quality + 0.3, quality + 0.1, quality], axis=1)
    misleading = np.stack([0.5 - quality, quality + 0.3, quality + 0.1, quality], axis=1)
    for curves, better in ((telling, True), (misleading, False)):
        [default, *_] = rungs.ratios(curves, "mlp", 48, ((1, 4), 0.3))
        assert (default.values[0] > 1) is better
