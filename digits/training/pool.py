"""Legs of trials on every core of this machine, or on a cluster: tasks of Dask, run again where a worker dies."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import dask
from distributed import Client, KilledWorker, LocalCluster, as_completed, get_worker

from digits.common.errors import UserError
from digits.data.dataset import Split
from digits.models import runtime
from digits.models.recipe import Recipe
from digits.params.schema import Runtime, Search
from digits.training.fingerprint import code
from digits.training.jobs import Epoch, Segment, SegmentResult, TrainingConfig

TOPIC = "digits-epochs"
SETTINGS = {
    "distributed.scheduler.allowed-failures": 2,  # a trial that has cost three workers is given up
    "distributed.comm.timeouts.connect": "10s",
}


class Pool:
    def __init__(self, client: Client, machine: Runtime, data: Split, validation: Split) -> None:
        self.client, self.machine = client, machine
        # A task of its own: sent to a worker once, and made again if all that have it die.
        self.images = client.submit(together, data, validation, pure=False)

    def code(self) -> dict[str, str]:
        """Of the modules that trials run."""
        return agreed(code(), *self.client.run(code_of_trials, self.machine).values())

    def proposals(self, plan: Search, baseline: TrainingConfig) -> list[Recipe]:
        """By a worker, for Keras Tuner brings TensorFlow with it, which nothing here needs."""
        return self.client.submit(propose, plan, baseline, pure=False).result()

    def run(
        self, legs: list[Segment], after_epoch: Callable[[int, Epoch], None]
    ) -> Iterator[tuple[Segment, SegmentResult]]:
        """Each leg with what became of it, in the order in which they end."""
        self.client.subscribe_topic(TOPIC, lambda event: after_epoch(*event[1]))
        waiting, working, ended = list(reversed(legs)), {}, as_completed(loop=self.client.loop)

        def hand_out() -> None:
            # No more than there are workers: where a trial kills its worker, none that waits behind it is blamed.
            while waiting and len(working) < max(1, len(self.client.scheduler_info(n_workers=-1)["workers"])):
                leg = waiting.pop()
                future = self.client.submit(work, leg, self.images, self.machine, pure=False)
                working[future] = leg
                ended.add(future)

        hand_out()
        for future in ended:
            leg = working.pop(future)
            try:
                ran = future.result()
            except KilledWorker:
                ran = SegmentResult([], None, "each worker that took it died, perhaps for want of memory")
            hand_out()
            yield leg, ran
        self.client.unsubscribe_topic(TOPIC)


@contextmanager
def workers(count: int, cluster: str | None) -> Iterator[Client]:
    """Each does one task at a time; the threads within belong to TensorFlow."""
    for part in ("client", "core", "nanny", "scheduler", "worker"):  # a killed worker is no news to a person
        logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
    with dask.config.set(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")
        if cluster is None:
            local = LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0")
            with local, Client(local) as client:
                yield client
            return
        try:
            client = Client(cluster)
            client.wait_for_workers(1, timeout=30)
        except (OSError, ValueError) as error:
            raise UserError(
                f"pool.cluster: {cluster} has no scheduler with workers ({error}); start them as docs/scaling.md says, "
                "or set null for this machine"
            ) from None
        with client:
            yield client


def agreed(*codes: dict[str, str]) -> dict[str, str]:
    union: dict[str, str] = {}
    for each in codes:
        if other := next((name for name in each if union.get(name, each[name]) != each[name]), None):
            raise UserError(f"pool.cluster: {other} is not the same here and on all workers; put one commit everywhere")
        union |= each
    return union


def together(data: Split, validation: Split) -> tuple[Split, Split]:
    return data, validation


def work(leg: Segment, images: tuple[Split, Split], machine: Runtime) -> SegmentResult:
    started(machine)
    from digits.training.trainer import run

    worker = get_worker()
    return run(leg, *images, lambda epoch: worker.log_event(TOPIC, (leg.trial, epoch)))


def code_of_trials(machine: Runtime) -> dict[str, str]:
    started(machine)
    from digits.search import oracle  # noqa: F401, what trials run
    from digits.training import trainer  # noqa: F401, what trials run

    return code()


def propose(plan: Search, baseline: TrainingConfig) -> list[Recipe]:
    started(baseline.runtime)
    from digits.search.oracle import proposals

    return proposals(plan, baseline.recipe, baseline.seed)


@cache
def started(machine: Runtime) -> None:
    """TensorFlow, once in a worker's life."""
    runtime.start(machine)
