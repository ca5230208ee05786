"""Search for a family's hyperparameters on training and validation images."""

from typing import Any

from digits.base import dataset
from digits.base.entry import run
from digits.base.files import read_json, write_json
from digits.base.names import CLASSES, PREPARED, search_file
from digits.params.base import parameter, setting
from digits.params.families import hyperparameters
from digits.params.runtime import Runtime
from digits.params.tune import Cluster, Search, Seed, Threads, Workers
from digits.training.live import listened
from digits.training.trials import Job


def main(family: str) -> str:
    machine, threads = parameter(Runtime, "runtime"), parameter(Threads, "tune.threads_per_worker")
    seed, kind = parameter(Seed, "tune.seed"), hyperparameters(family)
    plan, recipe = parameter(Search[kind], f"tune.{family}"), parameter(kind, f"models.{family}")
    count, cluster = setting(Workers, "tune.workers"), setting(Cluster, "tune.cluster")
    machine = machine.model_copy(update={"threads": threads})
    images = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")
    baseline = Job(family, recipe, plan.rungs[-1], seed, len(read_json(CLASSES)), machine)
    with listened() as tell:
        from digits.search.pool import Pool, workers
        from digits.search.tuning import tune

        with workers(count, cluster) as client:
            found = tune(plan, baseline, Pool(client, machine, *images), images, tell)
    write_json(search_file(family), found)
    first, best = found["trials"][0], found["trials"][found["best_trial"]]
    return (
        f"{search_file(family)}: {len(found['trials'])} trials; the best is trial {best['trial']} with validation "
        f"accuracy {best['validation_accuracy']:.2%}; the baseline's recipe had {accuracy(first)}"
    )


def accuracy(trial: dict[str, Any]) -> str:
    return f"{trial['validation_accuracy']:.2%}" if trial["status"] == "completed" else f"failed ({trial['reason']})"


if __name__ == "__main__":
    run(main)
