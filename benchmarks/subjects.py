"""What is measured: the recipes of params.yaml and those that the searches found, on the prepared images."""

from digits.base import dataset
from digits.base.dataset import Split
from digits.base.files import read_json
from digits.base.names import CLASSES, PREPARED, search_file
from digits.params.base import parameter
from digits.params.families import hyperparameters
from digits.params.recipe import Recipe
from digits.params.runtime import Runtime
from digits.training.trials import Job


def job(family: str, variant: str, epochs: int, seed: int) -> Job:
    machine, classes = parameter(Runtime, "runtime"), len(read_json(CLASSES))
    return Job(family, recipe(family, variant), epochs, seed, classes, machine)


def recipe(family: str, variant: str) -> Recipe:
    baseline = parameter(hyperparameters(family), f"models.{family}")
    found = {} if variant == "baseline" else read_json(search_file(family))["best"]
    return type(baseline)(**baseline.model_dump() | found)


def images(part: str, count: int | None) -> Split:
    """The first so many, or all."""
    split = dataset.load(PREPARED / part)
    return Split(split.images[:count].copy(), split.labels[:count].copy())
