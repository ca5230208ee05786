"""Search for a family's hyperparameters on training and validation images."""

from typing import Any

from digits.common.cli import run
from digits.common.files import write_json
from digits.common.paths import search_file
from digits.families import hyperparameters
from digits.params.load import parameter, setting
from digits.params.schema import Objective, OneDnn, Pool, Runtime, Search, Seed, Threads
from digits.search.search import tune
from digits.training.jobs import describe


def main(family: str) -> str:
    kind, seed = hyperparameters(family), parameter(Seed, "tune.seed")
    plan, recipe = parameter(Search[kind], f"tune.{family}"), parameter(kind, f"models.{family}")
    objective = parameter(Objective, "tune.objective")
    machine = Runtime(threads=parameter(Threads, "pool.threads_per_worker"), onednn=parameter(OneDnn, "runtime.onednn"))
    found = tune(family, plan, objective, recipe, seed, machine, setting(Pool, "pool"))
    write_json(search_file(family), found)
    first, best = found["trials"][0], found["trials"][found["best_trial"]]
    return (
        f"{search_file(family)}: {len(found['trials'])} trials; the best is trial {best['trial']} with "
        f"{measured(best)}; the baseline's recipe had {measured(first)}"
    )


def measured(trial: dict[str, Any]) -> str:
    if trial["status"] == "failed":
        return f"failed ({trial['reason']})"
    return f"objective {trial['objective']:.4f} ({describe(trial['epochs'][-1])})"


if __name__ == "__main__":
    run(main)
