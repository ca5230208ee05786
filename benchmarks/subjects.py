"""What is measured: the recipes of params.yaml and those that the searches found, on the prepared images."""

from digits.common.files import read_json
from digits.common.paths import CLASSES, PREPARED, search_file
from digits.data import dataset
from digits.data.dataset import Split
from digits.families import hyperparameters
from digits.models.recipe import Recipe
from digits.params.load import parameter
from digits.params.schema import Runtime
from digits.training.jobs import TrainingConfig


def job(family: str, variant: str, epochs: int, seed: int) -> TrainingConfig:
    machine, classes = parameter(Runtime, "runtime"), len(read_json(CLASSES))
    return TrainingConfig(family, recipe(family, variant), epochs, seed, classes, machine)


def recipe(family: str, variant: str) -> Recipe:
    baseline = parameter(hyperparameters(family), f"models.{family}")
    found = {} if variant == "baseline" else read_json(search_file(family))["best"]
    return type(baseline)(**baseline.model_dump() | found)


def images(part: str, count: int | None) -> Split:
    """The first so many, or all."""
    split = dataset.load(PREPARED / part)
    return Split(split.images[:count].copy(), split.labels[:count].copy())
