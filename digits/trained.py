"""A trained model and the record of its training, made alike for every family and variant."""

import time

from digits.base import dataset
from digits.base.files import write_json
from digits.base.names import PREPARED, history_file, model_file, model_name
from digits.base.progress import Progress
from digits.model.modelfile import save
from digits.training.fingerprint import fingerprint
from digits.training.live import Tell
from digits.training.loop import train
from digits.training.networks import multiply_adds
from digits.training.trials import Epoch, Job, describe


def make(variant: str, job: Job, tell: Tell) -> str:
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
