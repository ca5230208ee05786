"""The final trainings, one with each seed, side by side; a model and a record of each."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.core.files import remove, write_bytes, write_json
from digits.core.paths import history_file, model_file, model_name, models_folder
from digits.core.progress import Progress
from digits.training.checkpoint import Checkpoint, checkpoint
from digits.training.fingerprint import earlier_models, fingerprint, versions
from digits.training.jobs import Epoch, Images, TrainingConfig, TrainingRun, describe
from digits.training.pool import training_images, training_pool
from digits.training.reporter import Reporter, reporting

Info = dict[str, Any]  # what decides a training, as its record and MLflow show it


def train_seeds(variant: str, configs: Sequence[TrainingConfig], settings: Pool) -> str:
    """They differ in their seeds, and in their recipes where each seed had a search of its own."""
    images, family = training_images(), configs[0].family
    runs = [TrainingRun(model_name(family, variant, each.seed), each, goal=each.epochs) for each in configs]
    code = versions(family)
    infos = {run.name: info(run, variant, fingerprint([variant, run.config], code, *images)) for run in runs}
    earlier = earlier_models({name: each["fingerprint"] for name, each in infos.items()})
    new = [run for run in runs if run.name not in earlier]
    with ExitStack() as stack:
        # In an order that is the same for all: two that wait for each other would wait for ever.
        checkpoints = {
            run.name: stack.enter_context(checkpoint(infos[run.name]["fingerprint"]))
            for run in sorted(new, key=lambda run: infos[run.name]["fingerprint"])
        }
        train_all(new, infos, checkpoints, images, settings)
        written = dict(earlier)
        for run in new:
            sizes = {"parameters": run.parameters, "multiply_adds": run.multiply_adds, "images": len(images[0])}
            written[run.name] = run.model, infos[run.name] | sizes | {"epochs": run.epochs}
        write(written, models_folder(family, variant))
    return summary(models_folder(family, variant), [written[run.name][1] for run in runs], len(new))


def info(run: TrainingRun, variant: str, identity: str) -> Info:
    return {
        "family": run.config.family,
        "variant": variant,
        "seed": run.config.seed,
        "fingerprint": identity,
        "hyperparameters": run.config.recipe.model_dump(),
    }


def train_all(
    runs: list[TrainingRun],
    infos: dict[str, Info],
    checkpoints: dict[str, Checkpoint],
    images: Images,
    settings: Pool,
) -> None:
    if not runs:
        return
    first = runs[0].config
    with reporting() as reporter, training_pool(settings, first.runtime, len(runs), first.family) as pool:
        pool.give(*images)
        for run in runs:
            checkpoints[run.name].restore(run)
            if run.epochs:
                print(f"{run.name}: goes on after epoch {len(run.epochs)} of {first.epochs}", file=sys.stderr)
            reporter.begin(run.name, infos[run.name])
            report(reporter, run, run.epochs)
        left = sum(first.epochs - len(run.epochs) for run in runs)
        with Progress(left, runs[0].name.rpartition("-")[0], "epoch") as progress:

            def on_segment(run: TrainingRun, epochs: list[Epoch]) -> None:
                if epochs:
                    progress.advance(len(epochs), note=f"seed {run.config.seed}: {describe(epochs[-1])}")
                if run.failure is None:
                    checkpoints[run.name].save(run)
                report(reporter, run, epochs)

            pool.train(runs, on_segment)
        if failed := [f"seed {run.config.seed}: {run.failure}" for run in runs if run.failure is not None]:
            kept = "; what the others have learnt is kept for the next run" if len(failed) < len(runs) else ""
            raise UserError(f"{runs[0].name.rpartition('-')[0]}, {'; '.join(failed)}{kept}")


def report(reporter: Reporter, run: TrainingRun, epochs: list[Epoch]) -> None:
    reporter.epochs(run.name, epochs)
    if run.failure is not None:
        reporter.end(run.name, "failed", run.failure)
    elif len(run.epochs) == run.config.epochs:
        reporter.end(run.name, "completed", seconds=run.seconds, core_minutes=run.core_seconds / 60)


def write(models: dict[str, tuple[bytes, Info]], folder: Path) -> None:
    """These, and no other in their folder."""
    for name, (model, record) in models.items():
        write_bytes(model_file(name), model)
        write_json(history_file(name), record)
    named = {path(name) for name in models for path in (model_file, history_file)}
    for path in set(folder.iterdir()) - named:
        remove(path)


def summary(folder: Path, records: list[Info], new: int) -> str:
    reached = [record["epochs"][-1]["validation_accuracy"] for record in records]
    spread = f"{min(reached):.2%}" + (f" to {max(reached):.2%}" if len(reached) > 1 else "")
    sizes = sorted({record["parameters"] for record in records})
    parameters = f"{sizes[0]:,}" + (f" to {sizes[-1]:,}" if len(sizes) > 1 else "")
    kept = f", {len(records) - new} of them there already" if new < len(records) else ""
    return (
        f"{folder}: {len(records)} model{'s' * (len(records) > 1)}{kept}, {parameters} parameters, "
        f"{len(records[0]['epochs'])} epochs, validation accuracy {spread}"
    )
