"""Trains the final models, one per seed, in parallel, and writes each model with its record."""

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
from digits.training.checkpoint import Checkpoint, open_checkpoint
from digits.training.fingerprint import earlier_models, fingerprint, versions
from digits.training.images import load_training_data
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, format_epoch
from digits.training.pool import training_pool

Record = dict[str, Any]  # of a model or a search, as in models/ and in MLflow
Watch = Callable[[Callable[[], list[Record]]], AbstractContextManager[None]]  # shows growing records


def train_seeds(variant: str, configs: Sequence[TrainingConfig], settings: Pool, watch: Watch) -> str:
    """Train each configuration. They differ in seed, and in recipe where each seed had its own search."""
    data, first = load_training_data(), configs[0]
    runs = [
        TrainingRun(model_name(config.family, variant, config.seed), config, goal=config.epochs) for config in configs
    ]
    code = versions(first.family)
    records = {run.name: initial_record(run, variant, fingerprint([variant, run.config], code, *data)) for run in runs}
    models = earlier_models({name: record["fingerprint"] for name, record in records.items()})
    new_runs = [run for run in runs if run.name not in models]
    with ExitStack() as stack:
        # All processes open checkpoints in the same order, so that no two wait for each other.
        checkpoints = {
            run.name: stack.enter_context(open_checkpoint(records[run.name]["fingerprint"]))
            for run in sorted(new_runs, key=lambda run: records[run.name]["fingerprint"])
        }
        restore_runs(new_runs, checkpoints)
        if any(not run.is_finished for run in new_runs):
            n_epochs = sum(run.goal - len(run.epochs) for run in new_runs)
            with (
                watch(lambda: [records[run.name] | run.progress() for run in new_runs]),
                training_pool(settings, first.runtime, len(new_runs), first.family) as pool,
                Progress(n_epochs, f"{first.family}-{variant}", "epoch") as progress,
            ):
                pool.share_data(*data)
                pool.run(new_runs, lambda run, epochs: on_segment(run, epochs, checkpoints[run.name], progress))
                raise_failures(new_runs)
        for run in new_runs:
            sizes = {"parameters": run.parameters, "multiply_adds": run.multiply_adds, "images": len(data[0])}
            models[run.name] = run.model, records[run.name] | sizes | {"epochs": run.epochs}
        write_models(models, models_folder(first.family, variant))
    return summary(models_folder(first.family, variant), [models[run.name][1] for run in runs], len(new_runs))


def initial_record(run: TrainingRun, variant: str, run_fingerprint: str) -> Record:
    return {
        "family": run.config.family,
        "variant": variant,
        "seed": run.config.seed,
        "fingerprint": run_fingerprint,
        "hyperparameters": run.config.recipe.model_dump(),
    }


def restore_runs(runs: Sequence[TrainingRun], checkpoints: dict[str, Checkpoint]) -> None:
    for run in runs:
        checkpoints[run.name].restore(run)
        if run.epochs:
            print(f"{run.name}: resumes after epoch {len(run.epochs)} of {run.goal}", file=sys.stderr)


def on_segment(run: TrainingRun, epochs: list[Epoch], checkpoint: Checkpoint, progress: Progress) -> None:
    if epochs:
        progress.advance(len(epochs), note=f"seed {run.config.seed}: {format_epoch(epochs[-1])}")
    if run.failure is None:
        checkpoint.save(run)


def raise_failures(runs: Sequence[TrainingRun]) -> None:
    if failures := [f"seed {run.config.seed}: {run.failure}" for run in runs if run.failure is not None]:
        hint = "; the checkpoints of the other seeds are kept for the next run" if len(failures) < len(runs) else ""
        raise UserError(f"{runs[0].name.rpartition('-')[0]}, {'; '.join(failures)}{hint}")


def write_models(models: dict[str, tuple[bytes, Record]], folder: Path) -> None:
    """Write the models and their records, and remove all other files of the folder."""
    for name, (model, record) in models.items():
        write_bytes(model_file(name), model)
        write_json(history_file(name), record)
    current_files = {path(name) for name in models for path in (model_file, history_file)}
    for path in set(folder.iterdir()) - current_files:
        remove(path)


def summary(folder: Path, records: list[Record], n_new: int) -> str:
    accuracies = [record["epochs"][-1]["validation_accuracy"] for record in records]
    accuracy = f"{min(accuracies):.2%}" + (f" to {max(accuracies):.2%}" if len(accuracies) > 1 else "")
    sizes = sorted({record["parameters"] for record in records})
    parameters = f"{sizes[0]:,}" + (f" to {sizes[-1]:,}" if len(sizes) > 1 else "")
    reused = f", {len(records) - n_new} of them reused" if n_new < len(records) else ""
    return (
        f"{folder}: {len(records)} model{'s' * (len(records) > 1)}{reused}, {parameters} parameters, "
        f"{len(records[0]['epochs'])} epochs, validation accuracy {accuracy}"
    )
