"""Runs trainings on all cores of this machine or on a cluster: each task of Dask trains a segment of epochs.

Results depend on each training's configuration and images alone, not on which worker trains what, or when.
"""

import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from math import ceil
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, as_completed
from distributed.scheduler import NoValidWorkerError, NoWorkerError

from digits.config.schema import Pool, Runtime
from digits.core.errors import UserError
from digits.data.dataset import Split
from digits.models import runtime as tensorflow_runtime
from digits.training.cluster import SETTINGS, WaitLimits, local_cluster, remote_cluster, silence_logs
from digits.training.fingerprint import SEARCH, require_same_code, versions
from digits.training.gpus import available_gpus
from digits.training.images import StoredData, TrainingData, as_tuple, has_data
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from digits.training.trainer import train

# TensorFlow never frees the graph of a trained model (its issue 124972), and each graph slows down later trainings. So
# a worker is restarted after this many.
MAX_TRAININGS_PER_WORKER = 50
RESUME_HINT = "run again, and each training resumes from its last epoch"


class TrainingPool:
    def __init__(self, client: Client, runtime: Runtime) -> None:
        self.client = client
        client.register_plugin(WaitLimits())
        self.n_trainings = Counter[str | None]()  # started, by worker
        # TensorFlow starts in the workers while the driver reads images.
        self.startups = [self.submit(tensorflow_runtime.start, runtime, worker=worker) for worker in self.workers()]

    def workers(self) -> list[str]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"])

    def restart_exhausted_workers(self, idle_workers: list[str]) -> None:
        """Restart idle workers that have reached the maximum of trainings.

        A worker without a nanny (`dask worker --no-nanny`) is left alone, because it would not come back.
        """
        info = self.client.scheduler_info(n_workers=-1)["workers"]
        tasks = self.client.processing()  # an idle worker may run a task that was meant for another
        restartable = [name for name in idle_workers if name in info and info[name]["nanny"] and not tasks.get(name)]
        if exhausted := [name for name in restartable if self.n_trainings[name] >= MAX_TRAININGS_PER_WORKER]:
            self.client.restart_workers(exhausted, timeout=60, raise_for_error=False)

    def submit(self, function: Callable, *arguments: object, worker: str | None = None) -> Future:
        """Run a function on this worker if it is alive, otherwise on any."""
        return self.client.submit(
            function, *arguments, pure=False, workers=worker and [worker], allow_other_workers=worker is not None
        )

    def share_data(self, *splits: Split) -> None:
        """Make the images available to all trainings, and wait until TensorFlow has started in the workers."""
        self.data = self.stored_data(splits) or self.submit(as_tuple, *splits)
        while self.startups:
            outcome(self.startups.pop())

    def stored_data(self, data: TrainingData) -> StoredData | None:
        """Return the images as folders if all workers can read them: then none are sent, and the workers of a machine
        share its memory for them."""
        folders = tuple(split.folder for split in data if split.folder)
        if len(folders) < len(data):
            return None
        stored = StoredData(folders, tuple(split.digest for split in data))
        is_available = self.client.run(has_data, stored, on_error="return")  # an exception if a worker dies meanwhile
        return stored if all(value is True for value in is_available.values()) else None

    def run(
        self,
        runs: list[TrainingRun],
        on_segment: Callable[[TrainingRun, list[Epoch]], None],
        next_runs: Callable[[], list[TrainingRun]] = list,
    ) -> None:
        """Train each run until its goal or a failure. Whenever a run ends, `next_runs` may return more."""
        queue = plan_segments(runs, len(self.workers()))
        running: dict[Future, tuple[TrainingRun, int, str | None]] = {}
        completed = as_completed(loop=self.client.loop)

        def start(run: TrainingRun, end: int, worker: str | None) -> None:
            future = self.submit(train, run.segment(end), self.data, worker=worker)
            running[future] = run, end, worker
            completed.add(future)

        def idle_workers() -> list[str]:
            busy = {worker for *_, worker in running.values()}
            return [worker for worker in self.workers() if worker not in busy]

        while queue or running:
            if queue:
                self.restart_exhausted_workers(idle_workers())
            # One training per worker: Dask would count a worker's death against all tasks that wait there. If all
            # workers have died, one training starts on the first that comes back.
            workers = idle_workers() if running else idle_workers() or [None]
            for worker in workers[: len(queue)]:
                self.n_trainings[worker] += 1
                start(*queue.popleft(), worker)
            future = next(completed)
            run, end, worker = running.pop(future)
            try:
                result = outcome(future)
            except WorkersDied as error:
                result = SegmentResult(failure=str(error))
            worker = next(iter(self.client.who_has([future])[future.key]), worker)  # where the network is
            future.release()  # Dask would otherwise repeat the task when its worker is restarted
            run.add(result)
            on_segment(run, result.epochs)
            if run.is_finished:
                queue += plan_segments(next_runs(), len(self.workers()))
            elif len(run.epochs) < end:
                start(run, end, worker)
            else:
                queue.append((run, run.goal))


def plan_segments(runs: list[TrainingRun], n_workers: int) -> deque[tuple[TrainingRun, int]]:
    """Return runs in order, each with the epoch to train to, so that all workers end together: McNaughton's rule.

    The epochs of all runs, one after the other, are cut into one equal share per worker. A run across a cut is split:
    first as many epochs as lie behind the cut, at the beginning of the next worker's share; the others at the end, on
    any free worker.
    """
    unfinished = [run for run in runs if not run.is_finished]
    lengths = [run.goal - len(run.epochs) for run in unfinished]
    share = max([*lengths, ceil(sum(lengths) / max(1, n_workers)), 1])
    split, whole, position = [], [], 0
    for run, length in zip(unfinished, lengths, strict=True):
        cut = (position // share + 1) * share
        position += length
        if cut < position:
            split.append((run, len(run.epochs) + position - cut))
        else:
            whole.append((run, run.goal))
    return deque([*split, *whole])


class WorkersDied(UserError):
    pass


def outcome(future: Future) -> Any:
    """Return the result of a task; Dask's errors become one line each."""
    try:
        return future.result()
    except KilledWorker:
        raise WorkersDied("every worker that ran it died, perhaps out of memory") from None
    except (NoWorkerError, NoValidWorkerError):
        raise UserError(f"no worker has been available for a minute; {RESUME_HINT}") from None
    except CancelledError:
        raise UserError(f"Dask's scheduler is out of reach; {RESUME_HINT}") from None


@contextmanager
def training_pool(settings: Pool, runtime: Runtime, max_workers: int, family: str) -> Iterator[TrainingPool]:
    """Open a pool on this machine, with at most `max_workers`, or on the cluster.

    A worker runs one training at a time; its threads are TensorFlow's.
    """
    silence_logs()
    with dask.config.set(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        if settings.cluster is None:
            n_workers = settings.workers or len(available_gpus()) or max(1, CPU_COUNT // runtime.threads)
            with local_cluster(min(max_workers, n_workers)) as client:
                yield TrainingPool(client, runtime)
            return
        with remote_cluster(settings.cluster) as client:
            local_versions = versions(family, SEARCH)
            for remote_versions in client.run(versions, family, SEARCH).values():
                require_same_code(local_versions, remote_versions)
            yield TrainingPool(client, runtime)
