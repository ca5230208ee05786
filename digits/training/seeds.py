"""The training of the final models, one per seed, in parallel. Each model is written with its record."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from digits.config.schema import Pool
from digits.core.errors import UserError
from digits.core.files import remove, write_bytes, write_json
from digits.core.paths import history_file, model_file, model_name, models_folder
from digits.core.progress import ProgressBar
from digits.training.checkpoint import CheckpointFolder, open_checkpoint_folders
from digits.training.fingerprint import StoredModel, code_versions, earlier_models, fingerprint
from digits.training.images import TrainingData, load_training_data
from digits.training.jobs import Epoch, TrainingConfig, TrainingRun, format_epoch
from digits.training.pool import training_pool

Record = dict[str, Any]  # of a model or a search, as in models/ and in MLflow
# A context manager that logs these records to MLflow during training.
LiveLog = Callable[[Callable[[], list[Record]]], AbstractContextManager[None]]


def train_seeds(variant: str, configs: Sequence[TrainingConfig], pool_settings: Pool, live_log: LiveLog) -> str:
    """Train each configuration, or reuse its earlier model; write all models, and return a summary.

    The configurations differ in seed, and in recipe where each seed had its own search.
    """
    data, family = load_training_data(), configs[0].family
    runs = [
        TrainingRun(model_name(family, variant, config.seed), config, target_epoch=config.epochs) for config in configs
    ]
    versions = code_versions(family)
    records = {
        run.name: initial_record(run, variant, fingerprint([variant, run.config], versions, *data)) for run in runs
    }
    models = earlier_models({name: record["fingerprint"] for name, record in records.items()})
    new_runs = [run for run in runs if run.name not in models]
    new_records = {run.name: records[run.name] for run in new_runs}
    with open_checkpoint_folders(record["fingerprint"] for record in new_records.values()) as folders:
        checkpoints = {name: folders[record["fingerprint"]] for name, record in new_records.items()}
        restore_runs(new_runs, checkpoints)
        if any(not run.has_ended for run in new_runs):
            with live_log(lambda: [new_records[run.name] | run.live_record() for run in new_runs]):
                train_runs(new_runs, checkpoints, data, pool_settings, label=f"{family}-{variant}")
        for run in new_runs:
            models[run.name] = StoredModel(run.model, new_records[run.name] | final_record(run, n_images=len(data[0])))
        write_models(models, models_folder(family, variant))
    return summary(models_folder(family, variant), [models[run.name].record for run in runs], len(new_runs))


def train_runs(
    runs: list[TrainingRun],
    checkpoints: dict[str, CheckpointFolder],
    data: TrainingData,
    pool_settings: Pool,
    label: str,
) -> None:
    """Train the runs to their target epochs, and raise a UserError if some have failed."""
    config, n_epochs = runs[0].config, sum(run.target_epoch - len(run.epochs) for run in runs)
    with (
        training_pool(pool_settings, config.runtime, len(runs), config.family) as pool,
        ProgressBar(n_epochs, label, "epoch") as progress_bar,
    ):
        pool.share_data(*data)
        pool.run(runs, lambda run, epochs: on_segment(run, epochs, checkpoints[run.name], progress_bar))
        raise_failures(runs)


def initial_record(run: TrainingRun, variant: str, run_fingerprint: str) -> Record:
    """Return what is known before the training."""
    return {
        "family": run.config.family,
        "variant": variant,
        "seed": run.config.seed,
        "fingerprint": run_fingerprint,
        "hyperparameters": run.config.recipe.model_dump(),
    }


def final_record(run: TrainingRun, n_images: int) -> Record:
    """Return what is known after the training."""
    return {
        "parameters": run.n_parameters,
        "multiply_adds": run.multiply_adds,
        "images": n_images,
        "epochs": run.epochs,
    }


def restore_runs(runs: Sequence[TrainingRun], checkpoints: dict[str, CheckpointFolder]) -> None:
    for run in runs:
        checkpoints[run.name].restore(run)
        if run.epochs:
            print(f"{run.name}: resumes after epoch {len(run.epochs)} of {run.target_epoch}", file=sys.stderr)


def on_segment(run: TrainingRun, epochs: list[Epoch], checkpoints: CheckpointFolder, progress_bar: ProgressBar) -> None:
    if epochs:
        progress_bar.advance(len(epochs), note=f"seed {run.config.seed}: {format_epoch(epochs[-1])}")
    if run.failure is None:
        checkpoints.save(run)


def raise_failures(runs: Sequence[TrainingRun]) -> None:
    if failures := [f"seed {run.config.seed}: {run.failure}" for run in runs if run.failure is not None]:
        hint = "; the checkpoints of the other seeds are kept for the next run" if len(failures) < len(runs) else ""
        raise UserError(f"{runs[0].name.rpartition('-')[0]}, {'; '.join(failures)}{hint}")


def write_models(models: dict[str, StoredModel], folder: Path) -> None:
    """Write the models and their records, and remove all other files of the folder."""
    for name, stored in models.items():
        write_bytes(model_file(name), stored.model)
        write_json(history_file(name), stored.record)
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
