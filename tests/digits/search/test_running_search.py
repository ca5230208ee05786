"""The number of proposals, and the checkpoints after a search that fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from digits.config.load import validate
from digits.config.schema import Search
from digits.core.errors import UserError
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.search import RunningSearch, SearchConfig
from digits.training.checkpoint import CheckpointFolder
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from tests.recipes import MLP, config

EPOCH = {f"validation_{name}": 0.5 for name in ("accuracy", "loss", "corrupted_accuracy")}
OnSegment = Callable[[TrainingRun, list[Epoch]], None]


def lose_scheduler(runs: list[TrainingRun], on_segment: OnSegment, _: Any) -> None:
    runs[0].add(SegmentResult(epochs=[EPOCH], state=b"weights"))
    on_segment(runs[0], [EPOCH])
    raise UserError("Dask's scheduler is out of reach")


def fail_training(runs: list[TrainingRun], on_segment: OnSegment, _: Any) -> None:
    runs[0].add(SegmentResult(failure="out of memory"))
    on_segment(runs[0], [])


def create_search(method: str, trials: int, folder: Path, **pool: Any) -> RunningSearch:
    plan = validate(Search[Mlp], {"trials": trials, "rungs": [2], "keep": 1.0, "space": {"units": [64]}})
    workers = Mock(**pool, **{"submit.return_value.result.return_value": []})
    return RunningSearch("f" * 32, SearchConfig(plan, method, "accuracy", config()), workers, CheckpointFolder(folder))


@pytest.mark.parametrize("method", ["random", "bayesian", "halving"])
def test_a_search_with_all_its_trials_uses_no_oracle(method: str, tmp_path: Path) -> None:
    search = create_search(method, trials=1, folder=tmp_path)
    search.add_trial(MLP)
    assert search.propose([]) == []
    assert not search.pool.submit.called


@pytest.mark.parametrize(
    ("run", "reason", "n_checkpoints"),
    [(lose_scheduler, "out of reach", 1), (fail_training, "no trial finished", 0)],
)
def test_checkpoints_are_kept_unless_all_trials_failed(
    run: Callable[..., None], reason: str, n_checkpoints: int, tmp_path: Path
) -> None:
    search = create_search("random", trials=2, folder=tmp_path, run=run)
    with pytest.raises(UserError, match=reason):
        search.run()
    assert len([*tmp_path.glob("*.zip")]) == n_checkpoints
