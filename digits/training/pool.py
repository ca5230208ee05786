"""Training runs on all cores of this machine or on a cluster: each task of Dask trains a segment of epochs.

Results depend on each run's configuration and images alone, not on which worker trains what, or when.
"""

import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from math import ceil
from typing import Any, NamedTuple

import dask
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, as_completed
from distributed.scheduler import NoValidWorkerError, NoWorkerError

from digits.config.schema import Pool, Runtime
from digits.core.errors import UserError
from digits.data.dataset import Split
from digits.models import runtime
from digits.training.cluster import SETTINGS, NoEndlessWaiting, local_cluster, remote_cluster, silence_logs
from digits.training.fingerprint import SEARCH, code_versions, require_same_code
from digits.training.gpus import available_gpus
from digits.training.images import StoredData, TrainingData, as_tuple, has_data
from digits.training.jobs import Epoch, SegmentResult, TrainingRun
from digits.training.trainer import train

# TensorFlow never frees the graph of a trained model (its issue 124972), and each graph slows down later tasks. So a
# worker is restarted after this many.
MAX_TASKS_PER_WORKER = 50
RESUME_HINT = "run again, and each training resumes from its last epoch"


def no_runs() -> list[TrainingRun]:
    return []


class TrainingPool:
    def __init__(self, client: Client, runtime_settings: Runtime) -> None:
        self.client = client
        client.register_plugin(NoEndlessWaiting())
        self.n_started_tasks = Counter[str | None]()  # by worker; a run that is split has two tasks
        # TensorFlow starts in the workers while the stage's process reads images.
        self.startups = [self.submit(runtime.start, runtime_settings, worker=worker) for worker in self.workers()]

    def workers(self) -> list[str]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"])

    def restart_exhausted_workers(self, idle_workers: list[str]) -> None:
        """Restart idle workers that have reached the maximum of tasks.

        A worker without a nanny (`dask worker --no-nanny`) is left alone, because it would not come back.
        """
        info = self.client.scheduler_info(n_workers=-1)["workers"]
        tasks = self.client.processing()  # a worker that is idle here may have taken over another worker's task
        restartable = [name for name in idle_workers if name in info and info[name]["nanny"] and not tasks.get(name)]
        if exhausted := [name for name in restartable if self.n_started_tasks[name] >= MAX_TASKS_PER_WORKER]:
            self.client.restart_workers(exhausted, timeout=60, raise_for_error=False)

    def submit(self, function: Callable, *arguments: object, worker: str | None = None) -> Future:
        """Run a function on this worker if it is alive, otherwise on any."""
        return self.client.submit(
            function, *arguments, pure=False, workers=worker and [worker], allow_other_workers=worker is not None
        )

    def share_data(self, *splits: Split) -> None:
        """Make the images available to all workers, and wait until TensorFlow has started in them."""
        self.data = self.stored_data(splits) or self.submit(as_tuple, *splits)
        while self.startups:
            outcome(self.startups.pop())

    def stored_data(self, data: TrainingData) -> StoredData | None:
        """Return the images as folders if all workers can read them, otherwise None.

        Folders save sending the images, and the workers of a machine share its memory for them.
        """
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
        next_runs: Callable[[], list[TrainingRun]] = no_runs,
    ) -> None:
        """Train each run to its target epoch or a failure. Whenever a run ends, `next_runs` may return more."""
        queue = plan_segments(runs, len(self.workers()))
        tasks: dict[Future, Task] = {}
        completed = as_completed(loop=self.client.loop)

        def start(run: TrainingRun, end: int, worker: str | None) -> None:
            future = self.submit(train, run.segment(end), self.data, worker=worker)
            tasks[future] = Task(run, end, worker)
            completed.add(future)

        def idle_workers() -> list[str]:
            busy = {task.worker for task in tasks.values()}
            return [worker for worker in self.workers() if worker not in busy]

        while queue or tasks:
            if queue:
                self.restart_exhausted_workers(idle_workers())
            # One task per worker: Dask would count a worker's death against all tasks that wait there.
            workers = idle_workers()
            if not workers and not tasks:
                workers = [None]  # all workers have died: one task starts on the first that comes back
            for worker in workers[: len(queue)]:
                self.n_started_tasks[worker] += 1
                start(*queue.popleft(), worker)
            future = next(completed)
            run, end, intended_worker = tasks.pop(future)
            result = segment_result(future)
            # The worker that ran the task and still has the network.
            actual_worker = next(iter(self.client.who_has([future])[future.key]), intended_worker)
            future.release()  # Dask would otherwise repeat the task when its worker is restarted
            run.add(result)
            on_segment(run, result.epochs)
            if run.has_ended:
                queue += plan_segments(next_runs(), len(self.workers()))
            elif len(run.epochs) < end:
                start(run, end, actual_worker)
            else:
                queue.append((run, run.target_epoch))


class Task(NamedTuple):
    """A task of Dask that trains a segment of a run."""

    run: TrainingRun
    end: int  # the epoch at which the segment ends
    worker: str | None  # None for any worker


def plan_segments(runs: list[TrainingRun], n_workers: int) -> deque[tuple[TrainingRun, int]]:
    """Return runs in order, each with the epoch to train to, so that all workers end together: McNaughton's rule.

    For example, two workers train three runs of 10 epochs, so the share of each worker is 15 epochs. The shares are cut
    from the runs, one after the other: run 1 and half of run 2; half of run 2 and run 3. One worker therefore trains
    run 2 to epoch 5 and then run 3, while the other trains run 1 and then the rest of run 2. The result is [(run 2, 5),
    (run 1, 10), (run 3, 10)]; the pool queues the rest of a split run last, for any idle worker.
    """
    unfinished = [run for run in runs if not run.has_ended]
    lengths = [run.target_epoch - len(run.epochs) for run in unfinished]
    share = max([*lengths, ceil(sum(lengths) / max(1, n_workers)), 1])
    split, whole, position = [], [], 0
    for run, length in zip(unfinished, lengths, strict=True):
        cut = (position // share + 1) * share
        position += length
        if cut < position:
            split.append((run, len(run.epochs) + position - cut))
        else:
            whole.append((run, run.target_epoch))
    return deque([*split, *whole])


def segment_result(future: Future) -> SegmentResult:
    """Return the result of a task; the death of its workers is a failure of its run alone."""
    try:
        return outcome(future)
    except WorkersDied as error:
        return SegmentResult(failure=str(error))


class WorkersDied(UserError):
    """Every worker that ran a task has died."""


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
def training_pool(
    pool_settings: Pool, runtime_settings: Runtime, max_workers: int, family: str
) -> Iterator[TrainingPool]:
    """Open a pool on this machine, with at most `max_workers`, or on the cluster.

    A worker runs one task at a time; TensorFlow uses the worker's threads.
    """
    silence_logs()
    with dask.config.set(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        if pool_settings.cluster is None:
            n_workers = pool_settings.workers or len(available_gpus()) or max(1, CPU_COUNT // runtime_settings.threads)
            with local_cluster(min(max_workers, n_workers)) as client:
                yield TrainingPool(client, runtime_settings)
            return
        with remote_cluster(pool_settings.cluster) as client:
            local_versions = code_versions(family, SEARCH)
            for remote_versions in client.run(code_versions, family, SEARCH).values():
                require_same_code(local_versions, remote_versions)
            yield TrainingPool(client, runtime_settings)
