"""A search from its first proposal to its record: spread over workers, noted on disk, told to whoever listens."""

from dataclasses import replace
from threading import Lock
from typing import Any

from digits.common.paths import search_name, trial_name
from digits.common.progress import Progress
from digits.data.dataset import Split
from digits.params.schema import Search
from digits.search.halving import length, search
from digits.training.checkpoint import notebook
from digits.training.fingerprint import fingerprint
from digits.training.jobs import Epoch, Segment, SegmentResult, TrainingConfig, Trial, describe
from digits.training.live import Tell
from digits.training.pool import Pool


def tune(plan: Search, baseline: TrainingConfig, pool: Pool, images: tuple[Split, Split], tell: Tell) -> dict[str, Any]:
    family = baseline.family
    begun = {"family": family, "fingerprint": fingerprint([plan, baseline], *images, more_code=pool.code())}
    trials = [Trial(number, recipe) for number, recipe in enumerate(pool.proposals(plan, baseline))]
    tell(run=search_name(family), begin=begun)
    with notebook(begun["fingerprint"]) as notes, Progress(length(plan), f"{family} search", "epoch") as progress:
        watch = Watch(family, tell, progress)

        def advance(some: list[Trial], until: int) -> None:
            watch.ends(trials)
            legs = []
            for trial in some:
                watch.begins(trial)
                if ran := notes.find(trial.number, until):
                    watch.ran(trial, ran)
                else:
                    job, done = replace(baseline, recipe=trial.recipe), len(trial.epochs)
                    legs.append(Segment(trial.number, job, done, until, notes.state(trial.number, done)))
            for leg, ran in pool.run(legs, watch.epoch):
                notes.keep(leg, ran)
                watch.ran(trials[leg.trial], ran)

        found = search(plan, trials, advance)
        watch.ends(trials)
    minutes = sum(trial.core_seconds for trial in trials) / 60
    tell(run=search_name(family), end="completed", core_minutes=minutes)
    return begun | {"images": len(images[0]), "space": plan.model_dump()["space"]} | found


class Watch:
    """Tells of each epoch once: at once if the worker's word comes through, else when its leg has ended."""

    def __init__(self, family: str, tell: Tell, progress: Progress) -> None:
        self.family, self.tell, self.progress = family, tell, progress
        self.told: dict[int, int] = {}  # epochs, by trial
        self.ended: set[int] = set()
        self.lock = Lock()  # words of workers come in a thread of their own

    def name(self, number: int) -> str:
        return trial_name(self.family, number)

    def begins(self, trial: Trial) -> None:
        if trial.number not in self.told:
            self.told[trial.number] = 0
            begun = {"trial": trial.number, "hyperparameters": trial.recipe.model_dump()}
            with self.lock:
                self.tell(run=self.name(trial.number), within=search_name(self.family), begin=begun)

    def epoch(self, number: int, epoch: Epoch) -> None:
        with self.lock:
            if self.told[number] < epoch["epoch"]:
                self.told[number] = epoch["epoch"]
                self.progress.advance(note=f"trial {number}: {describe(epoch)}")
                self.tell(run=self.name(number), epoch=epoch)

    def ran(self, trial: Trial, ran: SegmentResult) -> None:
        for epoch in ran.epochs:
            self.epoch(trial.number, epoch)
        trial.epochs += ran.epochs
        trial.multiply_adds = ran.multiply_adds or trial.multiply_adds
        trial.core_seconds += ran.core_seconds
        if ran.failure is not None:
            trial.end("failed", ran.failure)

    def ends(self, trials: list[Trial]) -> None:
        for trial in trials:
            if trial.status != "running" and trial.number not in self.ended:
                self.ended.add(trial.number)
                with self.lock:
                    minutes = trial.core_seconds / 60
                    self.tell(run=self.name(trial.number), end=trial.status, reason=trial.reason, core_minutes=minutes)
