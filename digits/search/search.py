"""Searches from their first proposal to their record: trials in the pool, on disk as they go, told of as they run."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from digits.common.errors import UserError
from digits.common.paths import search_name, trial_name
from digits.common.progress import Progress
from digits.models.recipe import Recipe
from digits.params.schema import Pool, Search
from digits.search import halving, rounds
from digits.search.halving import Halving
from digits.search.rounds import Proposal, Results, Rounds
from digits.search.trials import Trial, conclude
from digits.training.checkpoint import Checkpoint, checkpoint
from digits.training.earlier import earlier_searches
from digits.training.fingerprint import SEARCH, fingerprint, versions
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, describe
from digits.training.pool import TrainingPool, start, training_images, training_pool
from digits.training.reporter import Reporter, reporter


@dataclass(frozen=True)
class SearchConfig:
    """All that decides the outcome of a search, besides the images."""

    plan: Search
    method: str
    objective: str
    baseline: TrainingConfig  # trial 0

    @property
    def length(self) -> int:
        """Epochs, where no trial fails."""
        return halving.length(self.plan) if self.method == "halving" else rounds.length(self.plan, self.method)


def tune(configs: Sequence[SearchConfig], settings: Pool) -> dict[str, Any]:
    """One search after the other; they differ in their seeds alone."""
    images, first = training_images(), configs[0]
    family, code = first.baseline.family, versions(first.baseline.family, SEARCH)
    by_identity = {fingerprint(config, code, *images): config for config in configs}
    found = earlier_searches(tuple(config.baseline.seed for config in configs), family)
    new = {identity: config for identity, config in by_identity.items() if identity not in found}
    if new:
        with (
            reporter() as told,
            training_pool(settings, first.baseline.runtime, first.plan.trials, family, SEARCH) as pool,
            ExitStack() as stack,
        ):
            pool.give(*images)
            # All are kept until the last has ended; in an order that is the same for all, as in training/seeds.py.
            saved = {identity: stack.enter_context(checkpoint(identity)) for identity in sorted(new)}
            for identity, config in new.items():
                found[identity] = search(config, identity, pool, saved[identity], told)
    return {
        "family": family,
        "method": first.method,
        "objective": first.objective,
        "images": len(images[0]),
        "space": first.plan.model_dump()["space"],
        "searches": [found[identity] for identity in by_identity],
    }


def search(
    config: SearchConfig, identity: str, pool: TrainingPool, saved: Checkpoint, told: Reporter
) -> dict[str, Any]:
    family, seed = config.baseline.family, config.baseline.seed
    name, trials = search_name(family, seed), list[Trial]()
    told.begin(name, {"family": family, "seed": seed, "fingerprint": identity})
    try:
        found = run_trials(config, trials, pool, saved, told)
    except UserError:  # it came to its end, though without a winner: the next one begins anew
        saved.forget()
        raise
    told.end(name, "completed", core_minutes=sum(trial.run.core_seconds for trial in trials) / 60)
    return {"seed": seed, "fingerprint": identity} | found


def run_trials(
    config: SearchConfig, trials: list[Trial], pool: TrainingPool, saved: Checkpoint, told: Reporter
) -> dict[str, Any]:
    family, seed, ended = config.baseline.family, config.baseline.seed, set()

    def begin(recipe: Recipe) -> Trial:
        training = replace(config.baseline, recipe=recipe)
        run = TrainingRun(trial_name(family, seed, len(trials)), training, keep_model=False)
        trial = Trial(len(trials), run, config.objective)
        saved.restore(trial.run)
        trials.append(trial)
        return trial

    def propose(results: Results) -> list[Proposal]:
        return pool.submit(proposals, config, results).result()

    begin(config.baseline.recipe)
    method = method_of(config, trials, propose, begin)
    with Progress(config.length, f"{family} search, seed {seed}", "epoch") as progress:

        def next_runs() -> list[TrainingRun]:
            runs = []
            while sent := method.next():
                for trial in sent:
                    if trial.until == 0:
                        begun = {"trial": trial.number, "hyperparameters": trial.run.config.recipe.model_dump()}
                        told.begin(trial.run.name, begun, parent=search_name(family, seed))
                    tell_epochs(trial, trial.run.epochs[trial.until : trial.run.goal])
                    if trial.run.over:  # as an earlier search, which was killed, has left it
                        trial.arrive()
                    else:
                        runs.append(trial.run)
            tell_ends()
            return runs

        def on_segment(run: TrainingRun, epochs: list[Epoch]) -> None:
            saved.save(run)
            trial = next(trial for trial in trials if trial.run is run)
            tell_epochs(trial, epochs)
            if run.over:
                trial.arrive()

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

        pool.train(next_runs(), on_segment, next_runs)
        found = conclude(trials, config.plan.rungs[-1])
        tell_ends()
    return found


def method_of(
    config: SearchConfig,
    trials: list[Trial],
    propose: Callable[[Results], list[Proposal]],
    begin: Callable[[Recipe], Trial],
) -> Halving | Rounds:
    if config.method != "halving":
        return Rounds(trials, config.plan.rungs[-1], propose, begin)
    for proposal in propose([]):
        begin(proposal.recipe)
    return Halving(config.plan, trials)


def proposals(config: SearchConfig, results: Results) -> list[Proposal]:
    start(config.baseline.runtime)
    from digits.search import oracle

    return oracle.propose(config.plan, config.method, config.baseline.recipe, config.baseline.seed, results)
