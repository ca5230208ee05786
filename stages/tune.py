"""Search for a family's hyperparameters on training and validation images."""

from typing import Any

from digits import dataset, runtime
from digits.entry import run
from digits.files import read_json, write_json
from digits.names import CLASSES, PREPARED, search_file
from digits.params.base import parameter
from digits.params.recipe import Recipe
from digits.params.runtime import Runtime
from digits.params.train import BatchSize
from digits.params.tune import Search, Seed
from digits.progress import Progress


def main(family: str) -> str:
    runtime.start(parameter(Runtime, "runtime"))
    from digits.networks import family_named
    from digits.search import search
    from digits.training import Job, describe
    from digits.trials import attempt

    chosen = family_named(family)
    plan, seed = parameter(Search[chosen.Hyperparameters], f"tune.{family}"), parameter(Seed, "tune.seed")
    size, classes = parameter(BatchSize, "train.batch_size"), len(read_json(CLASSES))
    data, validation = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")

    with Progress(plan.trials * plan.epochs, f"{family} search", "epoch") as progress:

        def try_out(recipe: Recipe) -> dict[str, Any]:
            job = Job(family, recipe, plan.epochs, size, seed, classes)
            trial = attempt(job, data, validation, lambda epoch: progress.advance(note=describe(epoch)))
            if trial["status"] == "failed":
                progress.advance(-progress.done % plan.epochs, note=f"a trial failed: {trial['reason']}")
            return trial

        found = search(plan, parameter(chosen.Hyperparameters, f"models.{family}"), seed, try_out)
    write_json(search_file(family), {"family": family} | found)
    first, best = found["trials"][0], found["trials"][found["best_trial"]]
    return (
        f"{search_file(family)}: {len(found['trials'])} trials; the best is trial {best['trial']} with validation "
        f"accuracy {best['validation_accuracy']:.2%}; the baseline's recipe had {accuracy(first)}"
    )


def accuracy(trial: dict[str, Any]) -> str:
    return f"{trial['validation_accuracy']:.2%}" if trial["status"] == "completed" else f"failed ({trial['reason']})"


if __name__ == "__main__":
    run(main)
