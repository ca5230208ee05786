"""A search asks for no more than its plan, and leaves trials for the next one where it comes to no result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from digits.config.load import check
from digits.config.schema import Search
from digits.core.errors import UserError
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.search.search import RunningSearch, SearchConfig
from digits.training.checkpoint import Checkpoint
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from tests.recipes import MLP, config

EPOCH = {f"validation_{name}": 0.5 for name in ("accuracy", "loss", "corrupted_accuracy")}
Report = Callable[[TrainingRun, list[Epoch]], None]


def lost(runs: list[TrainingRun], report: Report, _: Any) -> None:
    runs[0].add(SegmentResult(epochs=[EPOCH], state=b"weights"))
    report(runs[0], [EPOCH])
    raise UserError("Dask's scheduler is out of reach")


def failed(runs: list[TrainingRun], report: Report, _: Any) -> None:
    runs[0].add(SegmentResult(failure="out of memory"))
    report(runs[0], [])


def running(method: str, trials: int, folder: Path, **pool: Any) -> RunningSearch:
    plan = check(Search[Mlp], {"trials": trials, "rungs": [2], "keep": 1.0, "space": {"units": [64]}})
    workers = Mock(**pool, **{"submit.return_value.result.return_value": []})
    return RunningSearch("f" * 32, SearchConfig(plan, method, "accuracy", config()), workers, Checkpoint(folder))


@pytest.mark.parametrize("method", ["random", "bayesian", "halving"])
def test_a_search_that_has_begun_all_its_trials_asks_no_worker_for_more(method: str, tmp_path: Path) -> None:
    search = running(method, trials=1, folder=tmp_path)
    search.begin(MLP)
    assert search.propose([]) == []
    assert not search.pool.submit.called


@pytest.mark.parametrize(("pool", "reason", "kept"), [(lost, "out of reach", 1), (failed, "no trial finished", 0)])
def test_trials_are_kept_when_workers_are_lost_and_forgotten_when_all_have_failed(
    pool: Callable[..., None], reason: str, kept: int, tmp_path: Path
) -> None:
    search = running("random", trials=2, folder=tmp_path, run=pool)
    with pytest.raises(UserError, match=reason):
        search.run()
    assert len([*tmp_path.glob("*.zip")]) == kept
