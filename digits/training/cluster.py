"""Dask: its settings, a cluster on this machine, and the connection to a remote one."""

import logging
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import resource_tracker

from distributed import Client, LocalCluster, Scheduler, SchedulerPlugin

from digits.core.errors import UserError, reason
from digits.training.gpus import OneGpuPerWorker

SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # a task fails after three of its workers died
    # LocalCluster removes a worker for good if no replacement runs within this time after its death, because it starts
    # slowly or has died again. Dask's default is 15 s.
    "distributed.deploy.lost-worker-timeout": "365d",
    # Dask would give a worker no task while it uses more than 80 % of its memory; TensorFlow's memory never shrinks.
    "distributed.worker.memory.pause": False,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",  # as in silence_logs
}
DASK_LOGGERS = tuple(f"distributed.{part}" for part in ("client", "core", "nanny", "scheduler", "worker"))


class NoEndlessWaiting(SchedulerPlugin):
    """Prevents two cases in which a task would wait forever.

    While no worker is alive, tasks would wait: here they fail after `seconds`. A task that was submitted to a worker
    that has died would wait even when another worker joins: here a worker that joins may run it.
    """

    name, idempotent = "digits-no-endless-waiting", True
    seconds = 60

    async def start(self, scheduler: Scheduler) -> None:
        scheduler.no_workers_timeout = self.seconds

    def add_worker(self, scheduler: Scheduler, **_: object) -> None:
        scheduler.set_restrictions({task.key: None for task in scheduler.unrunnable})


def silence_logs() -> None:
    """Hide Dask's warnings about killed workers: the pool handles them, and users need not act."""
    for name in ("asyncio", "tornado.application", *DASK_LOGGERS):
        logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def local_cluster(n_workers: int) -> Iterator[Client]:
    """Start workers on this machine, one process each."""
    with ExitStack() as stack:
        with block_interrupts():
            cluster = LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")
        stack.callback(close, cluster)
        client = stack.enter_context(Client(cluster))
        client.register_plugin(OneGpuPerWorker())
        yield client


def close(cluster: LocalCluster) -> None:
    """Close the cluster, and ignore errors, because all results have arrived.

    On a busy machine, a killed worker may take longer to end than Dask waits, and a worker that is just restarting
    cannot be closed; it ends with this process.
    """
    with suppress(Exception):
        cluster.close()


@contextmanager
def block_interrupts() -> Iterator[None]:
    """Delay Ctrl-C in this process; child processes that start meanwhile ignore it, because this process stops them."""
    resource_tracker.ensure_running()  # if it started inside of the block, it would unblock the signal
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def remote_cluster(address: str) -> Iterator[Client]:
    """Connect to a scheduler that has workers."""
    try:
        client = Client(address)
        client.wait_for_workers(1, timeout=30)
    except (OSError, ValueError) as error:
        raise UserError(
            f"pool.cluster: {address} has no scheduler with workers ({reason(error)}); start them (see "
            "docs/scaling.md), or set null for this machine"
        ) from None
    with client:
        yield client
