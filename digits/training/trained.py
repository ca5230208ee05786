"""A trained model and the record of its training, made alike for every family and variant."""

import time

from digits.common.files import write_json
from digits.common.paths import PREPARED, history_file, model_file, model_name
from digits.common.progress import Progress
from digits.data import dataset
from digits.models.build import multiply_adds
from digits.models.keras_file import save
from digits.training.fingerprint import fingerprint
from digits.training.jobs import Epoch, TrainingConfig, describe
from digits.training.live import Tell
from digits.training.trainer import train


def make(variant: str, job: TrainingConfig, tell: Tell) -> str:
    data, validation = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")
    name = model_name(job.family, variant, job.seed)
    begun = {
        "family": job.family,
        "variant": variant,
        "seed": job.seed,
        "fingerprint": fingerprint([variant, job], data, validation),
        "hyperparameters": job.recipe.model_dump(),
    }
    tell(run=name, begin=begun)
    with Progress(job.epochs, name, "epoch") as progress:

        def after_epoch(epoch: Epoch) -> None:
            progress.advance(note=describe(epoch))
            tell(run=name, epoch=epoch)

        model, curve = train(job, data, validation, after_epoch)
    save(model, model_file(name))
    cost = {"parameters": model.count_params(), "multiply_adds": multiply_adds(model), "images": len(data)}
    write_json(history_file(name), begun | cost | {"epochs": curve})
    tell(run=name, end="completed", core_minutes=time.process_time() / 60)
    return f"{model_file(name)}: {cost['parameters']:,} parameters, {job.epochs} epochs, {describe(curve[-1])}"
