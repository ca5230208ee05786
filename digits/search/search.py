"""A search from its first proposal to its record: its trials in the pool, on disk as they go, told of as they run."""

from dataclasses import replace
from typing import Any

from digits.common.errors import UserError
from digits.common.files import read_json
from digits.common.paths import CLASSES, search_name, trial_name
from digits.common.progress import Progress
from digits.models.recipe import Recipe
from digits.params.schema import Pool, Runtime, Search
from digits.search.halving import Trial, length, search
from digits.training.checkpoint import Checkpoint, checkpoint
from digits.training.fingerprint import SEARCH, fingerprint, versions
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, describe
from digits.training.pool import TrainingPool, start, training_images, training_pool
from digits.training.reporter import Reporter, reporter


def tune(
    family: str, plan: Search, objective: str, recipe: Recipe, seed: int, machine: Runtime, settings: Pool
) -> dict[str, Any]:
    images = training_images()
    baseline = TrainingConfig(family, recipe, plan.rungs[-1], seed, len(read_json(CLASSES)), machine)
    identity = fingerprint([plan, objective, baseline], versions(family, SEARCH), *images)
    info = {"family": family, "objective": objective, "fingerprint": identity}
    with (
        reporter() as told,
        training_pool(settings, machine, plan.trials, family, SEARCH) as pool,
        checkpoint(identity) as saved,
    ):
        pool.give(*images)
        recipes = pool.submit(proposals, plan, baseline).result()
        configs = [replace(baseline, recipe=each) for each in recipes]
        trials = [
            Trial(number, TrainingRun(trial_name(family, number), config, keep_model=False), objective)
            for number, config in enumerate(configs)
        ]
        told.begin(search_name(family), info)
        try:
            found = run_trials(plan, trials, pool, saved, told)
        except UserError:  # it came to its end, though without a winner: the next one begins anew
            saved.forget()
            raise
        minutes = sum(trial.run.core_seconds for trial in trials) / 60
        told.end(search_name(family), "completed", core_minutes=minutes)
    return info | {"images": len(images[0]), "space": plan.model_dump()["space"]} | found


def run_trials(
    plan: Search, trials: list[Trial], pool: TrainingPool, saved: Checkpoint, told: Reporter
) -> dict[str, Any]:
    family, by_name, ended = trials[0].run.config.family, {trial.run.name: trial for trial in trials}, set()
    for trial in trials:
        saved.restore(trial.run)
    with Progress(length(plan), f"{family} search", "epoch") as progress:

        def advance(some: list[Trial], until: int) -> None:
            tell_ends()
            for trial in some:
                if trial.until == 0:
                    begun = {"trial": trial.number, "hyperparameters": trial.run.config.recipe.model_dump()}
                    told.begin(trial.run.name, begun, parent=search_name(family))
                tell_epochs(trial, trial.run.epochs[trial.until : until])
            pool.train([trial.run for trial in some], until, on_segment)

        def on_segment(run: TrainingRun, epochs: list[Epoch]) -> None:
            saved.save(run)
            tell_epochs(by_name[run.name], epochs)

        def tell_epochs(trial: Trial, epochs: list[Epoch]) -> None:
            if epochs:
                progress.advance(len(epochs), note=f"trial {trial.number}: {describe(epochs[-1])}")
                told.epochs(trial.run.name, epochs)

        def tell_ends() -> None:
            for trial in trials:
                if trial.status != "running" and trial.number not in ended:
                    ended.add(trial.number)
                    cost = {"core_minutes": trial.run.core_seconds / 60}
                    told.end(trial.run.name, trial.status, trial.reason, **cost)

        found = search(plan, trials, advance)
        tell_ends()
    return found


def proposals(plan: Search, baseline: TrainingConfig) -> list[Recipe]:
    """By a worker, for Keras Tuner brings TensorFlow with it, which the driver does without."""
    start(baseline.runtime)
    from digits.search import oracle

    return oracle.proposals(plan, baseline.recipe, baseline.seed)
