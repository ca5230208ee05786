"""Search for a family's hyperparameters on training and validation images."""

from typing import Any

from digits import dataset, runtime
from digits.entry import run
from digits.files import read_json, write_json
from digits.live import Tell, listened
from digits.names import CLASSES, PREPARED, search_file, search_name, trial_name
from digits.params.base import parameter
from digits.params.recipe import Recipe
from digits.params.runtime import Runtime
from digits.params.train import BatchSize
from digits.params.tune import Search, Seed
from digits.progress import Progress


def main(family: str) -> str:
    machine = parameter(Runtime, "runtime")
    with listened() as tell:
        runtime.start(machine)
        found = tune(family, machine, tell)
    first, best = found["trials"][0], found["trials"][found["best_trial"]]
    return (
        f"{search_file(family)}: {len(found['trials'])} trials; the best is trial {best['trial']} with validation "
        f"accuracy {best['validation_accuracy']:.2%}; the baseline's recipe had {accuracy(first)}"
    )


def tune(family: str, machine: Runtime, tell: Tell) -> dict[str, Any]:
    from digits.fingerprint import fingerprint
    from digits.networks import family_named
    from digits.search import search
    from digits.training import Epoch, Job, describe
    from digits.trials import attempt

    chosen = family_named(family)
    plan, seed = parameter(Search[chosen.Hyperparameters], f"tune.{family}"), parameter(Seed, "tune.seed")
    size, classes = parameter(BatchSize, "train.batch_size"), len(read_json(CLASSES))
    data, validation = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")

    def job(recipe: Recipe) -> Job:
        return Job(family, recipe, plan.epochs, size, seed, classes, machine)

    def try_out(number: int, recipe: Recipe) -> dict[str, Any]:
        def after_epoch(epoch: Epoch) -> None:
            progress.advance(note=describe(epoch))
            tell(run=name, epoch=epoch)

        name = trial_name(family, number)
        tell(run=name, within=search_name(family), begin={"trial": number, "hyperparameters": recipe.model_dump()})
        trial = attempt(job(recipe), data, validation, after_epoch)
        if trial["status"] == "failed":
            progress.advance(-progress.done % plan.epochs, note=f"a trial failed: {trial['reason']}")
        tell(run=name, end=trial["status"], reason=trial["reason"])
        return trial

    baseline = parameter(chosen.Hyperparameters, f"models.{family}")
    begun = {"family": family, "fingerprint": fingerprint([plan, job(baseline)], data, validation)}
    tell(run=search_name(family), begin=begun)
    with Progress(plan.trials * plan.epochs, f"{family} search", "epoch") as progress:
        found = begun | search(plan, baseline, seed, try_out)
    write_json(search_file(family), found)
    tell(run=search_name(family), end="completed")
    return found


def accuracy(trial: dict[str, Any]) -> str:
    return f"{trial['validation_accuracy']:.2%}" if trial["status"] == "completed" else f"failed ({trial['reason']})"


if __name__ == "__main__":
    run(main)
