"""Trainings in real workers: what comes out is the same whoever trains what, and whoever is killed meanwhile."""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain
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
from digits.training import pool as pools
from digits.training.gpus import gpus
from digits.training.images import StoredImages, load
from digits.training.jobs import Segment, SegmentResult, TrainingRun
from digits.training.pool import TrainingPool, WaitLimits, outcome, schedule, training_pool
from digits.training.trainer import train
from tests.images import stripes
from tests.recipes import config

IMAGES = stripes(96), stripes(16), stripes(16)
MACHINE = config().runtime

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, a worker takes more than a minute to come back."""
    monkeypatch.setattr(WaitLimits, "seconds", 500)


def runs(count: int, epochs: int, goal: int | None = None) -> list[TrainingRun]:
    configs = [config(epochs=epochs, seed=seed) for seed in range(1, count + 1)]
    return [TrainingRun(f"mlp-{each.seed}", each, goal=goal or epochs) for each in configs]


def further(runs: list[TrainingRun]) -> list[TrainingRun]:
    """As a search does: each that has come to epoch 2 goes on to epoch 4."""
    arrived = [run for run in runs if run.is_finished and run.goal == 2]
    for run in arrived:
        run.goal = 4
    return arrived


def settings(workers: int) -> Pool:
    return Pool(workers=workers, threads_per_worker=1, cluster=None)


class Deadly(TrainingRun):
    """Its segments end the worker that is given one. The scheduler, in this process, gets it, too."""

    def segment(self, until: int) -> Segment:
        return DeadlySegment(**vars(super().segment(until)))


class DeadlySegment(Segment):
    def __setstate__(self, state: dict[str, Any]) -> None:
        if multiprocessing.parent_process():
            os._exit(1)
        self.__dict__.update(state)


@pytest.mark.parametrize("stored", [False, True])
def test_a_training_that_kills_every_worker_is_given_up_and_the_others_go_on(stored: bool, tmp_path: Path) -> None:
    [killed, other], segments = [Deadly("deadly", config(), goal=2), *runs(1, epochs=2)], []
    with training_pool(settings(1), MACHINE, most=2, family="mlp") as pool:
        pool.share(*on_disk(tmp_path) if stored else IMAGES)
        pool.run([killed, other], lambda run, epochs: segments.append((run.name, len(epochs))))
        with pytest.raises(UserError, match="each worker that took it died"):
            outcome(pool.submit(os._exit, 1))
    assert killed.failure == "each worker that took it died, perhaps out of memory"
    assert (len(other.epochs), other.failure) == (2, None)
    assert sum(count for _, count in segments) == 2


@pytest.mark.parametrize(
    ("name", "value"), [("distributed.deploy.lost-worker-timeout", "100ms"), ("distributed.worker.memory.pause", 0.001)]
)
def test_a_worker_comes_back_after_each_death_and_takes_the_next_task_whatever_dask_is_set_to(
    name: str, value: object
) -> None:
    with dask.config.set({name: value}), training_pool(settings(1), MACHINE, most=1, family="mlp") as pool:
        assert isinstance(pool.submit(os._exit, 1).exception(timeout=500), KilledWorker)
        assert pool.submit(os.getpid).result(timeout=500) != os.getpid()


@pytest.mark.parametrize("error", [TimeoutError, AssertionError])
def test_workers_that_do_not_end_cost_no_result(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(nanny: Nanny, **_: Any) -> None:
        await end(nanny)
        raise error

    end = Nanny.close
    monkeypatch.setattr(Nanny, "close", fail)
    with training_pool(settings(1), MACHINE, most=1, family="mlp") as pool:
        assert pool.submit(os.getpid).result(timeout=200) != os.getpid()


def test_without_workers_every_wait_ends_in_one_line() -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        there = Pool(workers=None, threads_per_worker=1, cluster=cluster.scheduler_address)
        with training_pool(there, MACHINE, most=1, family="mlp") as pool:
            assert cluster.scheduler.no_workers_timeout == WaitLimits.seconds
            pool.share(*IMAGES)
            finished, running = pool.submit(os.getpid), pool.submit(time.sleep, 3600)
            wait(finished)
            cluster.scale(0)
            while pool.workers():
                time.sleep(0.1)
            cluster.scheduler.no_workers_timeout = 1
            for future in (finished, running, pool.submit(os.getpid)):
                with pytest.raises(UserError, match="no worker has been there for a minute; run again"):
                    outcome(future)
            with pytest.raises(UserError, match="no worker has been there for a minute; run again"):
                pool.run(runs(1, epochs=2), lambda *_: None)


def trained(workers: int, images: Sequence[Split]) -> list[tuple[Any, ...]]:
    """What comes out of three trainings that stop after two epochs and then go on, wherever there is room."""
    found = runs(3, epochs=4, goal=2)
    with training_pool(settings(workers), MACHINE, most=3, family="mlp") as pool:
        pool.share(*images)
        assert isinstance(pool.images, StoredImages) == (images is not IMAGES)
        pool.run(found, lambda *_: None, partial(further, found))
    return outcomes(found)


def outcomes(runs: list[TrainingRun]) -> list[tuple[Any, ...]]:
    return [(run.epochs, run.state, run.model) for run in runs]


@pytest.fixture(scope="module")
def alone() -> list[tuple[Any, ...]]:
    """By one worker, which is sent the images."""
    return trained(1, IMAGES)


def test_two_workers_that_find_the_images_on_disk_train_to_the_same_bytes(
    alone: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    assert trained(2, on_disk(tmp_path)) == alone
    assert len({model for _, _, model in alone}) == 3


def test_a_worker_begins_anew_after_so_many_trainings_which_end_with_the_same_bytes_each_trained_once(
    alone: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted(segment: Segment, *more: Any) -> SegmentResult:
        result = train(segment, *more)
        with (tmp_path / "trained").open("a") as file:
            for epoch in result.epochs:
                print(segment.config.seed, epoch["epoch"], file=file)
        return result

    def more(runs: list[TrainingRun]) -> list[TrainingRun]:
        processes.append(pool.client.run(os.getpid))
        return further(runs)

    monkeypatch.setattr(pools, "TRAININGS_OF_A_WORKER", 4)
    monkeypatch.setattr(pools, "train", noted)
    processes = []

    found = runs(3, epochs=4, goal=2)
    with training_pool(settings(1), MACHINE, most=3, family="mlp") as pool:
        pool.share(*IMAGES)
        pool.run(found, lambda *_: None, partial(more, found))
    assert outcomes(found) == alone
    assert len({*chain(*map(dict.values, processes))}) == 2
    trained = (tmp_path / "trained").read_text().splitlines()
    assert sorted(trained) == [f"{seed} {epoch}" for seed in (1, 2, 3) for epoch in (1, 2, 3, 4)]


def on_disk(folder: Path) -> list[Split]:
    for number, split in enumerate(IMAGES):
        dataset.save(split, folder / str(number))
    return [dataset.load(folder / str(number)) for number in range(len(IMAGES))]


def test_workers_that_find_other_images_on_disk_are_not_told_to_read_them(tmp_path: Path) -> None:
    images, client = on_disk(tmp_path), MagicMock(run=lambda work, stored, **_: {"here": True, "there": work(stored)})
    assert TrainingPool(client, MACHINE).stored(images)
    load.cache_clear()
    dataset.save(stripes(16, seed=9), tmp_path / "2")
    assert TrainingPool(client, MACHINE).stored(images) is None
    with pytest.raises(UserError, match=r"/2 on .+ does not hold the images that are trained on"):
        load(StoredImages(tuple(split.folder for split in images), tuple(split.digest for split in images)))


@pytest.mark.parametrize(
    ("count", "workers", "expected"),
    [
        (3, 1, [("1", 10), ("2", 10), ("3", 10)]),
        (3, 2, [("2", 5), ("1", 10), ("3", 10)]),  # the last 5 epochs of the second come at the end
        (3, 3, [("1", 10), ("2", 10), ("3", 10)]),
        (4, 3, [("2", 6), ("3", 2), ("1", 10), ("4", 10)]),
        (2, 8, [("1", 10), ("2", 10)]),
    ],
)
def test_trainings_are_divided_where_workers_would_else_wait(
    count: int, workers: int, expected: list[tuple[str, int]]
) -> None:
    planned = schedule(runs(count, epochs=10), workers)
    assert [(run.name.removeprefix("mlp-"), until) for run, until in planned] == expected


def test_gpus_are_those_that_the_environment_or_else_the_driver_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 0\necho 1\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert gpus() == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert gpus() == ["3"]


def seen() -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def told_nothing() -> bool:
    """Neither of Ctrl-C nor, on the terminal, of a driver that goes."""
    blocked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return blocked and logging.getLogger("distributed.worker").getEffectiveLevel() == logging.CRITICAL


def test_each_worker_has_a_gpu_of_its_own_and_leaves_ctrl_c_to_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    with training_pool(Pool(workers=None, threads_per_worker=1, cluster=None), MACHINE, most=9, family="mlp") as pool:
        pool.share(*IMAGES)
        assert sorted(pool.client.run(seen).values()) == ["5", "7"]
        assert {*pool.client.run(told_nothing).values()} == {True}
