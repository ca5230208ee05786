"""Trainings in real workers: results do not depend on workers, nor on which of them are killed."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import dask
import pytest
from distributed import KilledWorker, LocalCluster, Nanny, wait

from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.data import dataset
from digits.data.dataset import Split
from digits.training import pool as pool_module
from digits.training.cluster import NoEndlessWaiting
from digits.training.gpus import available_gpus
from digits.training.images import StoredData, load_stored
from digits.training.jobs import Segment, SegmentResult, TrainingRun
from digits.training.pool import TrainingPool, outcome, plan_segments, training_pool
from digits.training.trainer import train
from tests.images import stripes
from tests.recipes import config

DATA = stripes(96), stripes(16), stripes(16)
RUNTIME = config().runtime

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def longer_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, a worker needs more than a minute to restart."""
    monkeypatch.setattr(NoEndlessWaiting, "seconds", 500)


def new_runs(n_runs: int, epochs: int, target_epoch: int | None = None) -> list[TrainingRun]:
    configs = {seed: config(epochs=epochs, seed=seed) for seed in range(1, n_runs + 1)}
    return [
        TrainingRun(f"mlp-{seed}", training, target_epoch=target_epoch or epochs) for seed, training in configs.items()
    ]


def promote(runs: list[TrainingRun]) -> list[TrainingRun]:
    """Like a search: extend each run that has reached epoch 2 to epoch 4."""
    promoted = [run for run in runs if run.has_ended and run.target_epoch == 2]
    for run in promoted:
        run.target_epoch = 4
    return promoted


def pool_settings(n_workers: int) -> Pool:
    return Pool(workers=n_workers, threads_per_worker=1, cluster=None)


class FatalRun(TrainingRun):
    """A run whose segments kill the worker that unpickles them, but not the scheduler, which runs in this process."""

    def segment(self, end: int) -> Segment:
        return FatalSegment(**vars(super().segment(end)))


class FatalSegment(Segment):
    def __setstate__(self, state: dict[str, Any]) -> None:
        if multiprocessing.parent_process():
            os._exit(1)
        self.__dict__.update(state)


@pytest.mark.usefixtures("tensorflow_started")  # only the last worker, which trains, imports TensorFlow
def test_a_training_that_kills_its_workers_fails_alone() -> None:
    [fatal, healthy], segments = [FatalRun("fatal", config(), target_epoch=2), *new_runs(1, epochs=2)], []
    with training_pool(pool_settings(1), RUNTIME, max_workers=2, family="mlp") as pool:
        pool.share_data(*DATA)
        pool.run([fatal, healthy], lambda run, epochs: segments.append((run.name, len(epochs))))
    assert fatal.failure.startswith("every worker that ran it died")
    assert (len(healthy.epochs), healthy.failure) == (2, None)
    assert sum(n_epochs for _, n_epochs in segments) == 2


@pytest.mark.usefixtures("tensorflow_started")  # importing TensorFlow in workers that do not train takes seconds
def test_a_killed_worker_is_restarted_with_any_settings_of_dask() -> None:
    user_settings = {"distributed.deploy.lost-worker-timeout": "100ms", "distributed.worker.memory.pause": 0.001}
    with dask.config.set(user_settings), training_pool(pool_settings(1), RUNTIME, max_workers=1, family="mlp") as pool:
        task = pool.submit(os._exit, 1)
        assert isinstance(task.exception(timeout=500), KilledWorker)
        with pytest.raises(UserError, match="every worker that ran it died"):
            outcome(task)
        assert pool.submit(os.getpid).result(timeout=500) != os.getpid()


@pytest.mark.usefixtures("tensorflow_started")
@pytest.mark.parametrize("error", [TimeoutError, AssertionError])
def test_an_error_when_workers_close_is_ignored(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(nanny: Nanny, **_: Any) -> None:
        await close(nanny)
        raise error

    close = Nanny.close
    monkeypatch.setattr(Nanny, "close", fail)
    with training_pool(pool_settings(1), RUNTIME, max_workers=1, family="mlp") as pool:
        assert pool.submit(os.getpid).result(timeout=200) != os.getpid()


@pytest.mark.usefixtures("tensorflow_started")
def test_without_workers_every_task_fails_in_one_line() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        remote = Pool(workers=None, threads_per_worker=1, cluster=cluster.scheduler_address)
        with training_pool(remote, RUNTIME, max_workers=1, family="mlp") as pool:
            assert cluster.scheduler.no_workers_timeout == NoEndlessWaiting.seconds
            pool.share_data(*DATA)
            completed, running = pool.submit(os.getpid), pool.submit(time.sleep, 3600)
            wait(completed)
            cluster.scale(0)
            while pool.workers():
                time.sleep(0.1)
            cluster.scheduler.no_workers_timeout = 1
            for future in (completed, running, pool.submit(os.getpid)):
                with pytest.raises(UserError, match="no worker has been available for a minute; run again"):
                    outcome(future)
            with pytest.raises(UserError, match="no worker has been available for a minute; run again"):
                pool.run(new_runs(1, epochs=2), lambda *_: None)


def train_three(
    n_workers: int, data: Sequence[Split], on_promotion: Callable[[TrainingPool], object] = lambda _: None
) -> list[tuple[Any, ...]]:
    """Return the results of three trainings that stop after two epochs and then resume, on any free worker."""
    runs = new_runs(3, epochs=4, target_epoch=2)

    def next_runs() -> list[TrainingRun]:
        on_promotion(pool)
        return promote(runs)

    with training_pool(pool_settings(n_workers), RUNTIME, max_workers=3, family="mlp") as pool:
        pool.share_data(*data)
        assert isinstance(pool.data, StoredData) == (data is not DATA)
        pool.run(runs, lambda *_: None, next_runs)
    return [(run.epochs, run.state, run.model) for run in runs]


def test_one_restarted_worker_and_two_workers_with_images_on_disk_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train_and_log(segment: Segment, *arguments: Any) -> SegmentResult:
        result = train(segment, *arguments)
        with (tmp_path / "epochs.log").open("a") as file:
            for epoch in result.epochs:
                print(segment.config.seed, epoch["epoch"], file=file)
        return result

    processes: set[int] = set()
    with monkeypatch.context() as patch:
        patch.setattr(pool_module, "MAX_TASKS_PER_WORKER", 4)
        patch.setattr(pool_module, "train", train_and_log)
        restarted = train_three(1, DATA, lambda pool: processes.update(pool.client.run(os.getpid).values()))
    assert len(processes) == 2
    epochs = (tmp_path / "epochs.log").read_text().splitlines()
    assert sorted(epochs) == [f"{seed} {epoch}" for seed in (1, 2, 3) for epoch in (1, 2, 3, 4)]

    assert train_three(2, save_data(tmp_path)) == restarted
    assert len({model for _, _, model in restarted}) == 3


def save_data(folder: Path) -> list[Split]:
    for number, split in enumerate(DATA):
        dataset.save(split, folder / str(number))
    return [dataset.load(folder / str(number)) for number in range(len(DATA))]


def test_images_are_sent_if_a_worker_has_others_on_disk(tmp_path: Path) -> None:
    data = save_data(tmp_path)
    client = MagicMock(run=lambda function, stored, **_: {"worker 1": True, "worker 2": function(stored)})
    assert TrainingPool(client, RUNTIME).stored_data(data)
    load_stored.cache_clear()
    dataset.save(stripes(16, seed=9), tmp_path / "2")
    assert TrainingPool(client, RUNTIME).stored_data(data) is None
    with pytest.raises(UserError, match=r"/2 on .+ does not hold the images"):
        load_stored(StoredData(tuple(split.folder for split in data), tuple(split.digest for split in data)))


@pytest.mark.parametrize(
    ("n_runs", "n_workers", "expected"),
    [
        (3, 1, [("1", 10), ("2", 10), ("3", 10)]),
        (3, 2, [("2", 5), ("1", 10), ("3", 10)]),  # the last 5 epochs of run 2 come last
        (3, 3, [("1", 10), ("2", 10), ("3", 10)]),
        (4, 3, [("2", 6), ("3", 2), ("1", 10), ("4", 10)]),
        (2, 8, [("1", 10), ("2", 10)]),
    ],
)
def test_trainings_are_split_so_that_no_worker_waits(
    n_runs: int, n_workers: int, expected: list[tuple[str, int]]
) -> None:
    segments = plan_segments(new_runs(n_runs, epochs=10), n_workers)
    assert [(run.name.removeprefix("mlp-"), end) for run, end in segments] == expected


def test_gpus_are_those_of_the_environment_or_of_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available_gpus() == []
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 0\necho 1\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert available_gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert available_gpus() == ["3"]


def visible_gpus() -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def is_silent() -> bool:
    """Return whether this worker ignores Ctrl-C and does not report the end of the process that started it."""
    is_blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return is_blocked and logging.getLogger("distributed.worker").getEffectiveLevel() == logging.CRITICAL


@pytest.mark.usefixtures("tensorflow_started")
def test_workers_have_one_gpu_each_and_ignore_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with training_pool(
        Pool(workers=None, threads_per_worker=1, cluster=None), RUNTIME, max_workers=9, family="mlp"
    ) as pool:
        pool.share_data(*DATA)
        assert sorted(pool.client.run(visible_gpus).values()) == ["5", "7"]
        assert {*pool.client.run(is_silent).values()} == {True}
