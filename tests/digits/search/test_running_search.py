"""A search that comes to no result: what it leaves for the next one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from digits.common.errors import UserError
from digits.families.mlp import Hyperparameters as Mlp
from digits.params.load import check
from digits.params.schema import Search
from digits.search.search import RunningSearch, SearchConfig
from digits.training.checkpoint import Checkpoint
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from tests.recipes import config

EPOCH = {f"validation_{name}": 0.5 for name in ("accuracy", "loss", "hard_accuracy")}
Report = Callable[[TrainingRun, list[Epoch]], None]


def lost(runs: list[TrainingRun], report: Report, _: Any) -> None:
    runs[0].add(SegmentResult(epochs=[EPOCH], state=b"weights"))
    report(runs[0], [EPOCH])
    raise UserError("Dask's scheduler is out of reach")


def failed(runs: list[TrainingRun], report: Report, _: Any) -> None:
    runs[0].add(SegmentResult(failure="out of memory"))
    report(runs[0], [])


@pytest.mark.parametrize(("train", "said", "kept"), [(lost, "out of reach", 1), (failed, "no trial finished", 0)])
def test_trials_are_kept_when_workers_are_lost_and_forgotten_when_all_have_failed(
    train: Callable[..., None], said: str, kept: int, tmp_path: Path
) -> None:
    plan = check(Search[Mlp], {"trials": 2, "rungs": [2], "keep": 1.0, "space": {"units": [64]}})
    pool = Mock(train=train, **{"submit.return_value.result.return_value": []})
    search = SearchConfig(plan, "random", "accuracy", config())
    with pytest.raises(UserError, match=said):
        RunningSearch(search, pool, Checkpoint(tmp_path), Mock()).to_its_end("f" * 32)
    assert len([*tmp_path.glob("*.zip")]) == kept
