"""Train a family's baseline, the recipe in params.yaml, with one seed."""

from digits import runtime
from digits.entry import run
from digits.files import read_json
from digits.live import listened
from digits.names import CLASSES
from digits.params.base import parameter
from digits.params.runtime import Runtime
from digits.params.train import Train


def main(family: str, seed: str) -> str:
    machine, plan = parameter(Runtime, "runtime"), parameter(Train, "train")
    with listened() as tell:
        runtime.start(machine)
        from digits.models import make
        from digits.networks import family_named
        from digits.trials import Job

        recipe = parameter(family_named(family).Hyperparameters, f"models.{family}")
        classes = len(read_json(CLASSES))
        return make("baseline", Job(family, recipe, plan.epochs, int(seed), classes, machine), tell)


if __name__ == "__main__":
    run(main)
