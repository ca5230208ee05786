from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from keras_tuner import HyperParameters

from benchmarks import plain_search, plain_table
from benchmarks.trainings import training_config
from digits.common.files import write_json
from digits.common.paths import CLASSES
from tests.images import stripes


def test_the_plain_search_spends_our_epochs_and_chooses_among_trials_that_came_to_their_end(
    change: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change({"tune.mlp.trials": 2, "tune.mlp.rungs": [1, 2], "tune.mlp.space": {"units": [4, 8, 16]}})
    write_json(CLASSES, list(range(4)))
    tried, spent = [], []

    class Watched(plain_search.Tried):
        def fit(self, hp: HyperParameters, *given: Any, **more: Any) -> Any:
            tried.append(self.recipe(hp))
            return super().fit(hp, *given, **more)

        def spend(self, epoch: int, logs: dict[str, float]) -> None:
            super().spend(epoch, logs)
            spent.append(epoch)

    monkeypatch.setattr(plain_search, "Tried", Watched)
    baseline = training_config("mlp", "baseline", 2, seed=1)
    best = plain_search.best(baseline, stripes(40), stripes(40, seed=1))
    assert spent == [0, 1, 0]  # as ours: an epoch of each of two trials, and another of the better one
    assert best == tried[0] == baseline.recipe.model_copy(update={"units": best.units})
    assert best.units in (4, 8, 16)


def test_the_ratio_is_plain_over_ours_and_the_note_has_both_sides_accuracies(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 260.0])
    models = pd.DataFrame(
        [("cnn", "baseline", 0.98, 0.1), ("cnn", "baseline", 0.99, 0.1), ("cnn", "tuned", 1.0, 0.1)],
        columns=["family", "variant", "test_accuracy", "test_loss"],
    )
    for name in ("clone", "repro"):
        monkeypatch.setattr(plain_table, name, lambda *_: None)
    for name in ("ours", "plain"):
        monkeypatch.setattr(plain_table, name, lambda *_: (next(seconds), models))
    [row] = plain_table.measure(1, None)
    assert row.values == [2.6]
    assert row.note.startswith("plain 260 s (cnn baseline 98.50% ± 0.71%, cnn tuned 100.00% ± ")
    assert "; ours 100 s (cnn baseline 98.50% ± 0.71%" in row.note
