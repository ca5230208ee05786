from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from benchmarks import plain_search, plain_table
from benchmarks.plain import fit_arguments
from benchmarks.trainings import training_config
from digits.config.load import parameter
from digits.config.schema import Search
from digits.core.files import write_json
from digits.core.paths import CLASSES
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.search import SearchConfig
from tests.images import stripes


def test_a_plain_search_ends_after_the_maximum_of_epochs(change: Callable[[dict[str, Any]], None]) -> None:
    change({"tune.mlp.trials": 9, "tune.mlp.rungs": [1, 2], "tune.mlp.space": {"units": {"min": 4, "max": 64}}})
    write_json(CLASSES, list(range(4)))
    plan = parameter(Search[Mlp], "tune.mlp")
    baseline = training_config("mlp", "baseline", 2, seed=1)
    config, validation = SearchConfig(plan, "hyperband", "balanced", baseline), stripes(40, seed=1)
    splits = stripes(40), validation, validation
    # Trials have two epochs, so the search ends in the middle of the second.
    best, history = plain_search.search(config, splits, fit_arguments, max_epochs=3)
    assert len(history) == 3
    assert best == baseline.recipe.model_copy(update={"units": best.units})
    assert 4 <= best.units <= 64


def test_the_ratio_is_plain_over_ours_and_the_note_has_the_accuracies(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([100.0, 260.0])
    models = pd.DataFrame(
        [("cnn", "baseline", 0.98, 0.1), ("cnn", "baseline", 0.99, 0.1), ("cnn", "tuned", 1.0, 0.1)],
        columns=["family", "variant", "test_accuracy", "test_loss"],
    )
    for name in ("clone", "repro"):
        monkeypatch.setattr(plain_table, name, lambda *_: None)
    for name in ("run_pipeline", "run_plain_script"):
        monkeypatch.setattr(plain_table, name, lambda *_: (next(seconds), models))
    [row] = plain_table.measure(1, None)
    assert row.values == [2.6]
    assert row.note.startswith("plain 260 s (cnn baseline 98.50% ± 0.71%, cnn tuned 100.00% ± ")
    assert "; ours 100 s (cnn baseline 98.50% ± 0.71%" in row.note
