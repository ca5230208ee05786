"""Trainings on every core of this machine, or on a cluster: segments of epochs as tasks of Dask.

What comes out depends on each training's configuration and images alone, never on which worker trains what and when.
"""

import logging
import signal
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from math import ceil
from multiprocessing import resource_tracker
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, LocalCluster, Scheduler, SchedulerPlugin, as_completed
from distributed.scheduler import NoValidWorkerError, NoWorkerError

from digits.config.schema import Pool, Runtime
from digits.core.errors import UserError, reason
from digits.data.dataset import Split
from digits.models import runtime
from digits.training.fingerprint import SEARCH, refuse_others, versions
from digits.training.gpus import OneGpuPerWorker, gpus
from digits.training.images import Images, StoredImages, has_images, share_images
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from digits.training.trainer import train

SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # a training that has cost three workers is given up
    # This long after a worker's death, LocalCluster gives it up for good if it is missing just then: slow to start, or
    # dead again. Its default is 15 s.
    "distributed.deploy.lost-worker-timeout": "365d",
    # At 80 % of its memory a worker would take no task until it uses less, and TensorFlow's memory only grows.
    "distributed.worker.memory.pause": False,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",  # as here
}
# TensorFlow never frees the graph of a model that was trained (its issue 124972), and the more there are, the longer
# the next training takes. So a worker begins anew after so many.
TRAININGS_OF_A_WORKER = 50
AGAIN = "run again, and each training goes on from its last epoch"


class TrainingPool:
    def __init__(self, client: Client, machine: Runtime) -> None:
        self.client = client
        client.register_plugin(WaitLimits())
        self.begun = Counter[str | None]()  # trainings, by worker
        # TensorFlow starts while the driver still reads images.
        self.starts = [self.submit(runtime.start, machine, worker=worker) for worker in self.workers()]

    def workers(self) -> list[str]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"])

    def renew(self, idle: list[str]) -> None:
        """Those that have trained much. One without a nanny (`dask worker --no-nanny`) would not come back."""
        known = self.client.scheduler_info(n_workers=-1)["workers"]
        busy = self.client.processing()  # perhaps with what was sent to another worker
        ready = [worker for worker in idle if worker in known and known[worker]["nanny"] and not busy.get(worker)]
        if worn := [worker for worker in ready if self.begun[worker] >= TRAININGS_OF_A_WORKER]:
            self.client.restart_workers(worn, timeout=60, raise_for_error=False)

    def submit(self, work: Callable, *arguments: object, worker: str | None = None) -> Future:
        """To this worker if it lives, else to any."""
        return self.client.submit(
            work, *arguments, pure=False, workers=worker and [worker], allow_other_workers=worker is not None
        )

    def share(self, *images: Split) -> None:
        """All trainings get the same images. They can begin when this returns."""
        self.images = self.stored(images) or self.submit(share_images, *images)
        while self.starts:
            outcome(self.starts.pop())

    def stored(self, images: Images) -> StoredImages | None:
        """Where all workers can read them: nothing is sent then, and a machine has them in memory once."""
        folders = tuple(split.folder for split in images if split.folder)
        if len(folders) < len(images):
            return None
        stored = StoredImages(folders, tuple(split.digest for split in images))
        seen = self.client.run(has_images, stored, on_error="return")  # an exception where a worker dies meanwhile
        return stored if all(answer is True for answer in seen.values()) else None

    def run(
        self,
        runs: list[TrainingRun],
        on_segment: Callable[[TrainingRun, list[Epoch]], None],
        more: Callable[[], list[TrainingRun]] = list,
    ) -> None:
        """Each until its goal is reached, or it has failed. Whenever one has, `more` may bring others."""
        waiting = schedule(runs, len(self.workers()))
        working: dict[Future, tuple[TrainingRun, int, str | None]] = {}
        ended = as_completed(loop=self.client.loop)

        def begin(run: TrainingRun, end: int, worker: str | None) -> None:
            future = self.submit(train, run.segment(end), self.images, worker=worker)
            working[future] = run, end, worker
            ended.add(future)

        def idle() -> list[str]:
            busy = {worker for *_, worker in working.values()}
            return [worker for worker in self.workers() if worker not in busy]

        while waiting or working:
            if waiting:
                self.renew(idle())
            # One for each worker: where a training kills its worker, none that waits behind it is blamed. Where all
            # workers have died, one for whichever comes back first.
            free = idle() if working else idle() or [None]
            for worker in free[: len(waiting)]:
                self.begun[worker] += 1
                begin(*waiting.popleft(), worker)
            future = next(ended)
            run, end, worker = working.pop(future)
            try:
                result = outcome(future)
            except WorkersDied as error:
                result = SegmentResult(failure=str(error))
            worker = next(iter(self.client.who_has([future])[future.key]), worker)  # it has the model
            future.release()  # else Dask trains anew what a worker that begins anew has forgotten
            run.add(result)
            on_segment(run, result.epochs)
            if run.is_finished:
                waiting += schedule(more(), len(self.workers()))
            elif len(run.epochs) < end:
                begin(run, end, worker)
            else:
                waiting.append((run, run.goal))


def schedule(runs: list[TrainingRun], workers: int) -> deque[tuple[TrainingRun, int]]:
    """Which training goes first, and until which epoch, so that all workers end together: McNaughton's rule.

    All epochs are laid end to end and cut into one equal share a worker. A training that a cut divides first does what
    lies behind the cut, for the next worker's share begins with it; the rest comes last, on whichever worker is free.
    """
    unfinished = [run for run in runs if not run.is_finished]
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


class WaitLimits(SchedulerPlugin):
    """Without it, a task waits for ever where there is no worker, and, where another comes, for the one that died."""

    name, idempotent = "digits-wait-limits", True
    seconds = 60

    async def start(self, scheduler: Scheduler) -> None:
        scheduler.no_workers_timeout = self.seconds

    def add_worker(self, scheduler: Scheduler, **_: object) -> None:
        scheduler.set_restrictions({task.key: None for task in scheduler.unrunnable})


class WorkersDied(UserError):
    pass


def outcome(future: Future) -> Any:
    try:
        return future.result()
    except KilledWorker:
        raise WorkersDied("each worker that took it died, perhaps out of memory") from None
    except (NoWorkerError, NoValidWorkerError):
        raise UserError(f"no worker has been there for a minute; {AGAIN}") from None
    except CancelledError:
        raise UserError(f"Dask's scheduler is out of reach; {AGAIN}") from None


@contextmanager
def training_pool(settings: Pool, machine: Runtime, most: int, family: str) -> Iterator[TrainingPool]:
    """Workers for at most so many trainings at once. Each does one at a time; its threads belong to TensorFlow."""
    parts = (f"distributed.{part}" for part in ("client", "core", "nanny", "scheduler", "worker"))
    for name in ("asyncio", "tornado.application", *parts):  # a killed worker is no news to a person
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        if settings.cluster is None:
            count = min(most, settings.workers or len(gpus()) or max(1, CPU_COUNT // machine.threads))
            with ExitStack() as stack:
                with held_back_interrupts():
                    local = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0")
                stack.callback(close, local)
                client = stack.enter_context(Client(local))
                client.register_plugin(OneGpuPerWorker())
                yield TrainingPool(client, machine)
            return
        with connected(settings.cluster) as client:
            for theirs in client.run(versions, family, SEARCH).values():
                refuse_others(versions(family, SEARCH), theirs)
            yield TrainingPool(client, machine)


def close(cluster: LocalCluster) -> None:
    """All results are here by then. On a busy machine, a killed worker may take longer to go than Dask waits, and one
    that is restarted just then cannot be ended; it ends with this process."""
    with suppress(Exception):
        cluster.close()


@contextmanager
def held_back_interrupts() -> Iterator[None]:
    """Ctrl-C waits, and never reaches processes that start meanwhile: it is the driver that ends them."""
    resource_tracker.ensure_running()  # else it starts meanwhile, and lets Ctrl-C through
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


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
