"""A search from its first proposal to its record: its trials in the pool, on disk as they go, told of as they run."""

from collections.abc import Callable
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


def tune(config: SearchConfig, settings: Pool) -> dict[str, Any]:
    images = training_images()
    family, machine = config.baseline.family, config.baseline.runtime
    identity = fingerprint(config, versions(family, SEARCH), *images)
    info = {"family": family, "method": config.method, "objective": config.objective, "fingerprint": identity}
    with (
        reporter() as told,
        training_pool(settings, machine, config.plan.trials, family, SEARCH) as pool,
        checkpoint(identity) as saved,
    ):
        pool.give(*images)
        told.begin(search_name(family), info)
        trials: list[Trial] = []
        try:
            found = run_trials(config, trials, pool, saved, told)
        except UserError:  # it came to its end, though without a winner: the next one begins anew
            saved.forget()
            raise
        minutes = sum(trial.run.core_seconds for trial in trials) / 60
        told.end(search_name(family), "completed", core_minutes=minutes)
    return info | {"images": len(images[0]), "space": config.plan.model_dump()["space"]} | found


def run_trials(
    config: SearchConfig, trials: list[Trial], pool: TrainingPool, saved: Checkpoint, told: Reporter
) -> dict[str, Any]:
    family, ended = config.baseline.family, set()

    def begin(recipe: Recipe) -> Trial:
        training = replace(config.baseline, recipe=recipe)
        trial = Trial(
            len(trials), TrainingRun(trial_name(family, len(trials)), training, keep_model=False), config.objective
        )
        saved.restore(trial.run)
        trials.append(trial)
        return trial

    def propose(results: Results) -> list[Proposal]:
        return pool.submit(proposals, config, results).result()

    begin(config.baseline.recipe)
    method = method_of(config, trials, propose, begin)
    with Progress(config.length, f"{family} search", "epoch") as progress:

        def next_runs() -> list[TrainingRun]:
            runs = []
            while sent := method.next():
                for trial in sent:
                    if trial.until == 0:
                        begun = {"trial": trial.number, "hyperparameters": trial.run.config.recipe.model_dump()}
                        told.begin(trial.run.name, begun, parent=search_name(family))
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
