"""A trained model and the record of its training, made alike for every family and variant."""

from typing import Any

from digits import dataset
from digits.files import read_json, write_json
from digits.modelfile import save
from digits.names import CLASSES, PREPARED, history_file, model_file, model_name
from digits.networks import multiply_adds
from digits.params.recipe import Recipe
from digits.params.train import Train
from digits.progress import Progress
from digits.training import Epoch, Job, describe, train


def make(family: str, variant: str, seed: int, recipe: Recipe, plan: Train) -> str:
    data, validation = dataset.load(PREPARED / "train"), dataset.load(PREPARED / "validation")
    job = Job(family, recipe, plan.epochs, plan.batch_size, seed, classes=len(read_json(CLASSES)))
    name = model_name(family, variant, seed)
    with Progress(plan.epochs, name, "epoch") as progress:
        model, curve = train(job, data, validation, lambda epoch: progress.advance(note=describe(epoch)))
    save(model, model_file(name))
    cost = {"parameters": model.count_params(), "multiply_adds": multiply_adds(model)}
    write_json(history_file(name), record(job, variant, cost, curve))
    return f"{model_file(name)}: {cost['parameters']:,} parameters, {plan.epochs} epochs, {describe(curve[-1])}"


def record(job: Job, variant: str, cost: dict[str, int], curve: list[Epoch]) -> dict[str, Any]:
    identity = {"family": job.family, "variant": variant, "seed": job.seed}
    return identity | cost | {"hyperparameters": job.recipe.model_dump(), "epochs": curve}
