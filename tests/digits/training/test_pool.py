"""What a search does not see in its own tests: workers that a trial kills, and workers with other code."""

import multiprocessing
import os
from typing import Any

import pytest

from digits.common.errors import UserError
from digits.params.schema import Runtime
from digits.training.jobs import Segment, TrainingConfig
from digits.training.pool import Pool, agreed, workers
from tests.digits.search.test_halving import BASELINE
from tests.images import stripes

MACHINE = Runtime(threads=1, onednn=True)
JOB = TrainingConfig("mlp", BASELINE, epochs=1, seed=1, classes=4, runtime=MACHINE)


class Deadly(Segment):
    """Ends the worker that is given it. The scheduler, which lives in this process, gets it, too."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        if multiprocessing.parent_process():
            os._exit(1)
        self.__dict__.update(state)


def test_a_trial_that_kills_every_worker_is_given_up_and_the_others_run() -> None:
    told = []
    with workers(1, None) as client:
        pool = Pool(client, MACHINE, stripes(96), stripes(16))
        legs = [Deadly(0, JOB, 0, 1, None), Segment(1, JOB, 0, 1, None)]
        (_, killed), (_, ran) = pool.run(legs, lambda *epoch: told.append(epoch))
    assert killed.failure == "each worker that took it died, perhaps for want of memory"
    assert [epoch["epoch"] for epoch in ran.epochs] == [1]
    assert told in ([], [(1, ran.epochs[0])])


def test_code_that_differs_between_machines_is_refused_by_name() -> None:
    assert agreed({"a.py": "1"}, {"a.py": "1", "b.py": "2"}) == {"a.py": "1", "b.py": "2"}
    with pytest.raises(UserError, match=r"tune\.cluster: a\.py is not the same here and on all workers"):
        agreed({"a.py": "1"}, {"b.py": "2"}, {"a.py": "3"})
