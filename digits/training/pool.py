"""Trainings on every core of this machine, or on a cluster: segments of epochs as tasks of Dask.

What comes out depends on each training's configuration and images alone, never on which worker trains what and when.
"""

import logging
import os
import shutil
import subprocess
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from math import ceil
from socket import gethostname

import dask
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed, get_worker

from digits.common.errors import UserError, reason
from digits.common.paths import PREPARED
from digits.data import dataset
from digits.data.dataset import Split
from digits.models import runtime
from digits.params.schema import Pool, Runtime
from digits.training.fingerprint import TRAINING, refuse_others, versions
from digits.training.jobs import Epoch, Images, Segment, SegmentResult, StoredImages, TrainingRun

SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # a training that has cost three workers is given up
    "distributed.comm.timeouts.connect": "10s",
}


class TrainingPool:
    def __init__(self, client: Client, machine: Runtime) -> None:
        self.client, self.machine = client, machine
        # TensorFlow starts while the driver still reads images.
        self.starts = [self.submit(start, machine, worker=worker) for worker in self.workers()]

    def workers(self) -> list[str]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"])

    def wait_for_a_worker(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            raise UserError(
                "no worker has come back for a minute; run again, and each training goes on from its last epoch"
            ) from None

    def submit(self, work: Callable, *arguments: object, worker: str | None = None) -> Future:
        """To this worker if it lives, else to any."""
        return self.client.submit(
            work, *arguments, pure=False, workers=worker and [worker], allow_other_workers=worker is not None
        )

    def give(self, *images: Split) -> None:
        """All trainings get the same. They can begin when this returns."""
        self.images = self.stored(images) or self.submit(together, *images)
        self.client.gather(self.starts)

    def stored(self, images: Images) -> StoredImages | None:
        """Where all workers can read them: nothing is sent then, and a machine has them in memory once."""
        folders = tuple(split.folder for split in images if split.folder)
        if len(folders) < len(images):
            return None
        stored = StoredImages(folders, tuple(split.digest for split in images))
        return stored if all(self.client.run(sees, stored).values()) else None

    def train(
        self,
        runs: list[TrainingRun],
        on_segment: Callable[[TrainingRun, list[Epoch]], None],
        more: Callable[[], list[TrainingRun]] = list,
    ) -> None:
        """Each until its goal is reached, or it has failed. Whenever one has, `more` may bring others."""
        waiting = schedule(runs, len(self.workers()))
        working: dict[Future, tuple[TrainingRun, int, str]] = {}
        ended = as_completed(loop=self.client.loop)

        def begin(run: TrainingRun, end: int, worker: str) -> None:
            future = self.submit(train, run.segment(end), self.images, self.machine, worker=worker)
            working[future] = run, end, worker
            ended.add(future)

        def idle() -> list[str]:
            busy = {worker for *_, worker in working.values()}
            return [worker for worker in self.workers() if worker not in busy]

        while waiting or working:
            if not working:  # a worker that was killed takes a moment to come back
                self.wait_for_a_worker()
            # One for each worker: where a training kills its worker, none that waits behind it is blamed.
            for worker in idle()[: len(waiting)]:
                begin(*waiting.popleft(), worker)
            future = next(ended)
            run, end, _ = working.pop(future)
            result = outcome(future)
            run.add(result)
            on_segment(run, result.epochs)
            if run.over:
                waiting += schedule(more(), len(self.workers()))
            elif len(run.epochs) < end:
                begin(run, end, result.worker)
            else:
                waiting.append((run, run.goal))


def schedule(runs: list[TrainingRun], workers: int) -> deque[tuple[TrainingRun, int]]:
    """Which training goes first, and until which epoch, so that all workers end together: McNaughton's rule.

    All epochs are laid end to end and cut into one equal share a worker. A training that a cut divides first does what
    lies behind the cut, for the next worker's share begins with it; the rest comes last, on whichever worker is free.
    """
    unfinished = [run for run in runs if not run.over]
    lengths = [run.goal - len(run.epochs) for run in unfinished]
    share = max([*lengths, ceil(sum(lengths) / max(1, workers)), 1])
    divided, whole, position = [], [], 0
    for run, length in zip(unfinished, lengths, strict=True):
        cut = (position // share + 1) * share
        position += length
        if cut < position:
            divided.append((run, len(run.epochs) + position - cut))
        else:
            whole.append((run, run.goal))
    return deque([*divided, *whole])


def outcome(future: Future) -> SegmentResult:
    try:
        return future.result()
    except KilledWorker:
        return SegmentResult([], failure="each worker that took it died, perhaps for want of memory")
    except CancelledError:
        raise UserError("the scheduler has gone; run again, and each training goes on from its last epoch") from None


@contextmanager
def training_pool(
    settings: Pool, machine: Runtime, most: int, family: str, places: tuple[str, ...] = TRAINING
) -> Iterator[TrainingPool]:
    """Workers for at most so many trainings at once. Each does one at a time; its threads belong to TensorFlow."""
    for part in ("client", "core", "nanny", "scheduler", "worker"):  # a killed worker is no news to a person
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    with dask.config.set(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        if settings.cluster is None:
            count = min(most, settings.workers or len(gpus()) or max(1, CPU_COUNT // machine.threads))
            local = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0")
            with local, Client(local) as client:
                yield TrainingPool(client, machine)
            return
        with connected(settings.cluster) as client:
            for theirs in client.run(versions, family, places).values():
                refuse_others(versions(family, places), theirs)
            yield TrainingPool(client, machine)


@contextmanager
def connected(cluster: str) -> Iterator[Client]:
    try:
        client = Client(cluster)
        client.wait_for_workers(1, timeout=30)
    except (OSError, ValueError) as error:
        raise UserError(
            f"pool.cluster: {cluster} has no scheduler with workers ({reason(error)}); start them as docs/scaling.md "
            "says, or set null for this machine"
        ) from None
    with client:
        yield client


def training_images() -> Images:
    return tuple(dataset.load(PREPARED / part) for part in ("train", "validation", "hard"))


def together(*images: Split) -> Images:
    """A task of its own: sent to a worker once, and made again if all that have it die."""
    return images


@cache
def opened(stored: StoredImages) -> Images:
    images = tuple(map(dataset.load, stored.folders))
    for split, digest in zip(images, stored.digests, strict=True):
        if split.digest != digest:
            raise UserError(f"{split.folder} on {gethostname()} does not hold the images that are trained on")
    return images


def sees(stored: StoredImages) -> bool:
    try:
        return bool(opened(stored))
    except UserError:
        return False


def train(segment: Segment, images: Images | StoredImages, machine: Runtime) -> SegmentResult:
    """In a worker."""
    start(machine)
    from digits.training import trainer

    found = opened(images) if isinstance(images, StoredImages) else images
    return replace(trainer.train(segment, found), worker=get_worker().address)


@cache
def start(machine: Runtime) -> None:
    """TensorFlow, once in a worker's life, on a GPU of its own where there are some."""
    name, found = get_worker().name, gpus()
    if found and isinstance(name, int):  # one of this machine's; on a cluster, whoever starts workers gives them GPUs
        os.environ["CUDA_VISIBLE_DEVICES"] = found[name % len(found)]
    runtime.start(machine)


def gpus() -> list[str]:
    """As CUDA numbers them, asked without TensorFlow, which would take them all."""
    if (chosen := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return list(filter(None, chosen.split(",")))
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return listed.stdout.split() if listed.returncode == 0 else []
