"""Searches from their first proposal to their record: trials train in the pool, saved and reported as they go."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from digits.config.recipe import Recipe
from digits.config.schema import Pool, Search
from digits.core.errors import UserError
from digits.core.paths import trial_name
from digits.core.progress import Progress
from digits.models import runtime
from digits.search.methods import Halving, Proposal, Results, Rounds, length
from digits.search.trials import Trial, conclude
from digits.training.checkpoint import Checkpoint, open_checkpoint
from digits.training.fingerprint import SEARCH, earlier_searches, fingerprint, versions
from digits.training.images import load_training_data
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, format_epoch
from digits.training.pool import TrainingPool, outcome, training_pool
from digits.training.seeds import Record, Watch


@dataclass(frozen=True)
class SearchConfig:
    """All that decides the outcome of a search, besides the images."""

    plan: Search
    method: str
    objective: str
    baseline: TrainingConfig  # trial 0


def tune(configs: Sequence[SearchConfig], settings: Pool, watch: Watch) -> dict[str, Any]:
    """One search after the other; they differ in their seeds alone."""
    images, first = load_training_data(), configs[0]
    family, code = first.baseline.family, versions(first.baseline.family, SEARCH)
    by_identity = {fingerprint(config, code, *images): config for config in configs}
    records = earlier_searches(family)
    new = {identity: config for identity, config in by_identity.items() if identity not in records}
    if new:
        running: list[RunningSearch] = []
        with ExitStack() as stack:
            # All are kept until the last has ended; in an order that is the same for all, as in training/seeds.py.
            saved = {identity: stack.enter_context(open_checkpoint(identity)) for identity in sorted(new)}
            stack.enter_context(watch(lambda: [search.progress() for search in running]))
            pool = stack.enter_context(training_pool(settings, first.baseline.runtime, first.plan.trials, family))
            pool.share_data(*images)
            for identity, config in new.items():
                running.append(RunningSearch(identity, config, pool, saved[identity]))
                records[identity] = running[-1].run()
    return {
        "family": family,
        "method": first.method,
        "objective": first.objective,
        "images": len(images[0]),
        "space": first.plan.model_dump()["space"],
        "searches": [records[identity] for identity in by_identity],
    }


class RunningSearch:
    def __init__(self, identity: str, config: SearchConfig, pool: TrainingPool, saved: Checkpoint) -> None:
        self.config, self.pool, self.saved = config, pool, saved
        self.family, self.seed = config.baseline.family, config.baseline.seed
        self.description = {"seed": self.seed, "fingerprint": identity}
        self.status = "running"
        self.trials: list[Trial] = []

    def run(self) -> Record:
        self.begin(self.config.baseline.recipe)
        self.method = self.chosen_method()
        total = length(self.config.plan, self.config.method)
        with Progress(total, f"{self.family} search, seed {self.seed}", "epoch") as self.progress_bar:
            self.pool.run(self.next_runs(), self.on_segment, self.next_runs)
        try:
            result = conclude(self.trials, self.config.plan.rungs[-1])
        except UserError:  # no trial finished: the next search begins anew
            self.saved.clear()
            raise
        self.status = "completed"
        return self.description | result

    def progress(self) -> Record:
        """What MLflow shows of it while it runs."""
        begun = [trial for trial in [*self.trials] if trial.run.goal]
        cost = {"core_minutes": sum(trial.run.core_seconds for trial in begun) / 60}
        trials = [trial.progress() for trial in begun]
        return self.description | {"family": self.family, "status": self.status, "cost": cost, "trials": trials}

    def chosen_method(self) -> Halving | Rounds:
        if self.config.method != "halving":
            return Rounds(self.trials, self.config.plan.rungs[-1], self.propose, self.begin)
        for proposal in self.propose([]):
            self.begin(proposal.recipe)
        return Halving(self.config.plan, self.trials)

    def propose(self, results: Results) -> list[Proposal]:
        if self.config.method != "hyperband" and len(self.trials) == self.config.plan.trials:
            return []  # known without Keras Tuner, which takes a worker a second to import
        return outcome(self.pool.submit(proposals, self.config, results))

    def begin(self, recipe: Recipe) -> Trial:
        training = replace(self.config.baseline, recipe=recipe)
        run = TrainingRun(trial_name(self.family, self.seed, len(self.trials)), training, keep_model=False)
        trial = Trial(len(self.trials), run, self.config.objective)
        self.saved.restore(trial.run)
        self.trials.append(trial)
        return trial

    def next_runs(self) -> list[TrainingRun]:
        runs = []
        while sent := self.method.next():
            for trial in sent:
                self.advance(trial, trial.run.epochs[trial.until : trial.run.goal])
                if trial.run.is_finished:  # as an earlier search, which was killed, has left it
                    trial.arrive()
                else:
                    runs.append(trial.run)
        return runs

    def on_segment(self, run: TrainingRun, epochs: list[Epoch]) -> None:
        self.saved.save(run)
        trial = next(trial for trial in self.trials if trial.run is run)
        self.advance(trial, epochs)
        if run.is_finished:
            trial.arrive()

    def advance(self, trial: Trial, epochs: list[Epoch]) -> None:
        if epochs:
            self.progress_bar.advance(len(epochs), note=f"trial {trial.number}: {format_epoch(epochs[-1])}")


def proposals(config: SearchConfig, results: Results) -> list[Proposal]:
    runtime.start(config.baseline.runtime)
    from digits.search import oracle

    return oracle.propose(config.plan, config.method, config.baseline.recipe, config.baseline.seed, results)
