"""The whole search, against Keras Tuner's own `Hyperband.search` in a plain script

Same family (the MLP), space, seed, images, augmentation and longest trial; both from the start of Python. Ours runs
to its end, with params.yaml's workers. The plain search goes on, bracket after bracket, until an epoch of any of its
trials has the validation accuracy of our winner, and is stopped at three times our seconds; so ours is first in each
pair. It trains one trial at a time, with the networks and optimizers of Keras's guides and TensorFlow's own choice of
threads.
"""

import os
import tempfile
import time
from dataclasses import replace

from benchmarks import entry
from benchmarks.pairs import fresh
from benchmarks.report import Row
from benchmarks.subjects import images, job
from digits.families import hyperparameters
from digits.params.load import parameter
from digits.params.schema import Pool as Settings
from digits.params.schema import Search
from digits.training.jobs import TrainingConfig

FAMILY = "mlp"
PATIENCE = 3


def measure(pairs: int, count: int | None) -> list[Row]:
    ratios, notes, stopped = [], [], False
    for seed in range(1, pairs + 1):
        started = time.perf_counter()
        goal = fresh(ours, seed, count)
        seconds = time.perf_counter() - started
        best, its_seconds, epochs = fresh(plain, seed, count, goal, PATIENCE * seconds, time.time())
        ratios.append(its_seconds / seconds if best >= goal else PATIENCE)
        stopped = stopped or best < goal
        notes.append(
            f"ours {goal:.2%} in {seconds:.0f} s, plain {best:.2%} in {its_seconds:.0f} s with {epochs} epochs"
        )
        print(notes[-1], flush=True)
    what = "seconds to our search's best validation accuracy: plain Hyperband / ours"
    return [Row(what, ratios, aim=2.0, at_least=stopped, note="; ".join(notes))]


def plan() -> Search:
    return parameter(Search[hyperparameters(FAMILY)], f"tune.{FAMILY}")


def baseline(seed: int) -> TrainingConfig:
    one = job(FAMILY, "baseline", plan().rungs[-1], seed)
    threads = parameter(Settings, "pool").threads_per_worker
    return replace(one, runtime=one.runtime.model_copy(update={"threads": threads}))


def ours(seed: int, count: int | None) -> float:
    from digits.search.search import tune
    from digits.training.pool import Pool, workers

    first = baseline(seed)
    splits = images("train", count), images("validation", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DVC_ROOT"] = folder  # where a search notes how far it is: this one begins anew
        with workers(parameter(Settings, "pool").workers or os.cpu_count() or 1, None) as client:
            found = tune(plan(), first, Pool(client, first.runtime, *splits), splits, lambda **_: None)
    return found["trials"][found["best_trial"]]["validation_accuracy"]


def plain(seed: int, count: int | None, goal: float, patience: float, started: float) -> tuple[float, float, int]:
    """Its best validation accuracy, the seconds until then or until its patience ended, and its epochs."""
    from benchmarks.start import start_plain

    start_plain()
    from benchmarks.hyperband import Watch, hyperband

    watch = Watch(goal, started + patience)
    splits = images("train", count), images("validation", None)
    hyperband(plan(), baseline(seed), splits, watch)
    return watch.best, watch.now - started, watch.epochs


if __name__ == "__main__":
    entry.run(measure, pairs=1)
