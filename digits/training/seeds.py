"""The final trainings, one with each seed, side by side; a model and a record of each."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.core.files import remove, write_bytes, write_json
from digits.core.paths import history_file, model_file, model_name, models_folder
from digits.core.progress import Progress
from digits.training.checkpoint import Checkpoint, checkpoint
from digits.training.fingerprint import earlier_models, fingerprint, versions
from digits.training.images import training_images
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, describe
from digits.training.pool import training_pool

Record = dict[str, Any]  # of a model or a search, as models/ and MLflow keep it
Watch = Callable[[Callable[[], list[Record]]], AbstractContextManager[None]]  # shows records while they grow


def train_seeds(variant: str, configs: Sequence[TrainingConfig], settings: Pool, watch: Watch) -> str:
    """Configurations differ in their seeds, and in their recipes where each seed had a search of its own."""
    images, first = training_images(), configs[0]
    runs = [TrainingRun(model_name(each.family, variant, each.seed), each, goal=each.epochs) for each in configs]
    code = versions(first.family)
    records = {run.name: record(run, variant, fingerprint([variant, run.config], code, *images)) for run in runs}
    models = earlier_models({name: each["fingerprint"] for name, each in records.items()})
    new = [run for run in runs if run.name not in models]
    with ExitStack() as stack:
        # In an order that is the same for all: two that wait for each other would wait for ever.
        checkpoints = {
            run.name: stack.enter_context(checkpoint(records[run.name]["fingerprint"]))
            for run in sorted(new, key=lambda run: records[run.name]["fingerprint"])
        }
        restore(new, checkpoints)
        if any(not run.is_finished for run in new):
            left = sum(run.goal - len(run.epochs) for run in new)
            with (
                watch(lambda: [records[run.name] | run.progress() for run in new]),
                training_pool(settings, first.runtime, len(new), first.family) as pool,
                Progress(left, f"{first.family}-{variant}", "epoch") as progress,
            ):
                pool.share(*images)
                pool.run(new, lambda run, epochs: on_segment(run, epochs, checkpoints[run.name], progress))
                refuse_failures(new)
        for run in new:
            sizes = {"parameters": run.parameters, "multiply_adds": run.multiply_adds, "images": len(images[0])}
            models[run.name] = run.model, records[run.name] | sizes | {"epochs": run.epochs}
        write(models, models_folder(first.family, variant))
    return summary(models_folder(first.family, variant), [models[run.name][1] for run in runs], len(new))


def record(run: TrainingRun, variant: str, identity: str) -> Record:
    return {
        "family": run.config.family,
        "variant": variant,
        "seed": run.config.seed,
        "fingerprint": identity,
        "hyperparameters": run.config.recipe.model_dump(),
    }


def restore(runs: Sequence[TrainingRun], checkpoints: dict[str, Checkpoint]) -> None:
    for run in runs:
        checkpoints[run.name].restore(run)
        if run.epochs:
            print(f"{run.name}: goes on after epoch {len(run.epochs)} of {run.goal}", file=sys.stderr)


def on_segment(run: TrainingRun, epochs: list[Epoch], saved: Checkpoint, progress: Progress) -> None:
    if epochs:
        progress.advance(len(epochs), note=f"seed {run.config.seed}: {describe(epochs[-1])}")
    if run.failure is None:
        saved.save(run)


def refuse_failures(runs: Sequence[TrainingRun]) -> None:
    if failed := [f"seed {run.config.seed}: {run.failure}" for run in runs if run.failure is not None]:
        kept = "; what the others have learnt is kept for the next run" if len(failed) < len(runs) else ""
        raise UserError(f"{runs[0].name.rpartition('-')[0]}, {'; '.join(failed)}{kept}")


def write(models: dict[str, tuple[bytes, Record]], folder: Path) -> None:
    """These, and no other in their folder."""
    for name, (model, record) in models.items():
        write_bytes(model_file(name), model)
        write_json(history_file(name), record)
    named = {path(name) for name in models for path in (model_file, history_file)}
    for path in set(folder.iterdir()) - named:
        remove(path)


def summary(folder: Path, records: list[Record], new: int) -> str:
    reached = [record["epochs"][-1]["validation_accuracy"] for record in records]
    spread = f"{min(reached):.2%}" + (f" to {max(reached):.2%}" if len(reached) > 1 else "")
    sizes = sorted({record["parameters"] for record in records})
    parameters = f"{sizes[0]:,}" + (f" to {sizes[-1]:,}" if len(sizes) > 1 else "")
    kept = f", {len(records) - new} of them there already" if new < len(records) else ""
    return (
        f"{folder}: {len(records)} model{'s' * (len(records) > 1)}{kept}, {parameters} parameters, "
        f"{len(records[0]['epochs'])} epochs, validation accuracy {spread}"
    )
