"""Search for a family's hyperparameters on training and validation images."""

import os
from typing import Any

from digits.common.cli import run
from digits.common.files import read_json, write_json
from digits.common.paths import CLASSES, PREPARED, search_file
from digits.data import dataset
from digits.families import hyperparameters
from digits.params.load import parameter, setting
from digits.params.schema import Pool as Settings
from digits.params.schema import Runtime, Search, Seed, Threads
from digits.training.jobs import TrainingConfig
from digits.training.live import listened


def main(family: str) -> str:
    machine, threads = parameter(Runtime, "runtime"), parameter(Threads, "pool.threads_per_worker")
    seed, kind = parameter(Seed, "tune.seed"), hyperparameters(family)
    plan, recipe = parameter(Search[kind], f"tune.{family}"), parameter(kind, f"models.{family}")
    settings = setting(Settings, "pool")
    machine = machine.model_copy(update={"threads": threads})
    images = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")
    baseline = TrainingConfig(family, recipe, plan.rungs[-1], seed, len(read_json(CLASSES)), machine)
    with listened() as tell:
        from digits.search.search import tune
        from digits.training.pool import Pool, workers

        with workers(settings.workers or os.cpu_count() or 1, settings.cluster) as client:
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
