"""Searches in progress: the pool trains the trials; after each segment, a checkpoint is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from digits.config.recipe import Recipe
from digits.config.schema import Pool, Search
from digits.core.errors import UserError
from digits.core.paths import trial_name
from digits.core.progress import ProgressBar
from digits.models import runtime
from digits.search.methods import Halving, Proposal, Rounds, RoundScores, total_epochs
from digits.search.trials import Trial, conclude
from digits.training.checkpoint import CheckpointFolder, open_checkpoint_folders
from digits.training.fingerprint import SEARCH, code_versions, earlier_searches, fingerprint
from digits.training.images import load_training_data
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, format_epoch
from digits.training.pool import TrainingPool, outcome, training_pool
from digits.training.seeds import LiveLog, Record


@dataclass(frozen=True)
class SearchConfig:
    """Everything that determines the result of a search, except the images."""

    plan: Search
    method: str
    objective: str
    baseline: TrainingConfig  # of trial 0


def tune(configs: Sequence[SearchConfig], pool_settings: Pool, live_log: LiveLog) -> dict[str, Any]:
    """Run one search after the other. Their configurations differ in the seed only."""
    images, first = load_training_data(), configs[0]
    family, runtime_settings = first.baseline.family, first.baseline.runtime
    versions = code_versions(family, SEARCH)
    by_fingerprint = {fingerprint(config, versions, *images): config for config in configs}
    records = earlier_searches(family)
    new = {key: config for key, config in by_fingerprint.items() if key not in records}
    if new:
        searches: list[RunningSearch] = []
        with (
            open_checkpoint_folders(new) as checkpoints,  # all are kept until the last search ends
            live_log(lambda: [search.live_record() for search in searches]),
            training_pool(pool_settings, runtime_settings, first.plan.trials, family) as pool,
        ):
            pool.share_data(*images)
            for key, config in new.items():
                searches.append(RunningSearch(key, config, pool, checkpoints[key]))
                records[key] = searches[-1].run()
    return {
        "family": family,
        "method": first.method,
        "objective": first.objective,
        "images": len(images[0]),
        "space": first.plan.model_dump()["space"],
        "searches": [records[key] for key in by_fingerprint],
    }


class RunningSearch:
    def __init__(
        self, fingerprint: str, config: SearchConfig, pool: TrainingPool, checkpoints: CheckpointFolder
    ) -> None:
        self.config, self.pool, self.checkpoints = config, pool, checkpoints
        self.family, self.seed = config.baseline.family, config.baseline.seed
        self.description = {"seed": self.seed, "fingerprint": fingerprint}
        self.status = "running"
        self.trials: list[Trial] = []

    def run(self) -> Record:
        self.add_trial(self.config.baseline.recipe)
        scheduler = self.create_scheduler()
        next_runs = partial(self.next_runs, scheduler)
        total = total_epochs(self.config.plan, self.config.method)
        with ProgressBar(total, f"{self.family} search, seed {self.seed}", "epoch") as self.progress_bar:
            self.pool.run(next_runs(), self.on_segment, next_runs)
        try:
            result = conclude(self.trials, self.config.plan.rungs[-1])
        except UserError:  # all trials failed: the next search starts from scratch
            self.checkpoints.clear()
            raise
        self.status = "completed"
        return self.description | result

    def live_record(self) -> Record:
        """Return the record that MLflow shows while the search runs."""
        started = [trial for trial in [*self.trials] if trial.run.target_epoch]
        cost = {"core_minutes": sum(trial.run.cpu_seconds for trial in started) / 60}
        trials = [trial.live_record() for trial in started]
        return self.description | {"family": self.family, "status": self.status, "cost": cost, "trials": trials}

    def create_scheduler(self) -> Halving | Rounds:
        if self.config.method != "halving":
            return Rounds(self.trials, self.config.plan.rungs[-1], self.propose, self.add_trial)
        for proposal in self.propose([]):
            self.add_trial(proposal.recipe)
        return Halving(self.config.plan, self.trials)

    def propose(self, scores: RoundScores) -> list[Proposal]:
        if self.config.method != "hyperband" and len(self.trials) == self.config.plan.trials:
            return []  # without a task: a worker would import Keras Tuner, which takes a second
        return outcome(self.pool.submit(propose_in_worker, self.config, scores))

    def add_trial(self, recipe: Recipe) -> Trial:
        training = replace(self.config.baseline, recipe=recipe)
        run = TrainingRun(trial_name(self.family, self.seed, len(self.trials)), training, keep_model=False)
        trial = Trial(len(self.trials), run, self.config.objective)
        self.checkpoints.restore(trial.run)
        self.trials.append(trial)
        return trial

    def next_runs(self, scheduler: Halving | Rounds) -> list[TrainingRun]:
        """Return the runs of the next trials.

        A trial that was restored from a checkpoint may have some or all epochs up to its target. They advance the bar,
        and a trial that has all of them is not trained, so the scheduler may have more trials at once.
        """
        runs = []
        while trials := scheduler.next_trials():
            for trial in trials:
                self.advance_bar(trial, trial.run.epochs[trial.n_epochs : trial.run.target_epoch])
                if trial.run.has_ended:
                    trial.accept_epochs()
                else:
                    runs.append(trial.run)
        return runs

    def on_segment(self, run: TrainingRun, epochs: list[Epoch]) -> None:
        self.checkpoints.save(run)
        trial = next(trial for trial in self.trials if trial.run is run)
        self.advance_bar(trial, epochs)
        if run.has_ended:
            trial.accept_epochs()

    def advance_bar(self, trial: Trial, epochs: list[Epoch]) -> None:
        if epochs:
            self.progress_bar.advance(len(epochs), note=f"trial {trial.number}: {format_epoch(epochs[-1])}")


def propose_in_worker(config: SearchConfig, scores: RoundScores) -> list[Proposal]:
    runtime.start(config.baseline.runtime)
    from digits.search import oracle

    return oracle.propose(config.plan, config.method, config.baseline.recipe, config.baseline.seed, scores)
