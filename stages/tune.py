"""Search for a family's hyperparameters on training and validation images."""

from typing import Any

from digits.common.cli import run
from digits.common.files import write_json
from digits.common.paths import search_file
from digits.families import hyperparameters
from digits.params.load import parameter, setting
from digits.params.schema import OneDnn, Pool, Runtime, Search, Seed, Threads
from digits.search.search import tune


def main(family: str) -> str:
    kind, seed = hyperparameters(family), parameter(Seed, "tune.seed")
    plan, recipe = parameter(Search[kind], f"tune.{family}"), parameter(kind, f"models.{family}")
    machine = Runtime(threads=parameter(Threads, "pool.threads_per_worker"), onednn=parameter(OneDnn, "runtime.onednn"))
    found = tune(family, plan, recipe, seed, machine, setting(Pool, "pool"))
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
