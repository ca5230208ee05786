"""Train a family's baseline, the recipe in params.yaml, with one seed."""

from digits.base.entry import run
from digits.base.files import read_json
from digits.base.names import CLASSES
from digits.model import runtime
from digits.params.base import parameter
from digits.params.runtime import Runtime
from digits.params.train import Train
from digits.training.live import listened


def main(family: str, seed: str) -> str:
    machine, plan = parameter(Runtime, "runtime"), parameter(Train, "train")
    with listened() as tell:
        runtime.start(machine)
        from digits.trained import make
        from digits.training.networks import family_named
        from digits.training.trials import Job

        recipe = parameter(family_named(family).Hyperparameters, f"models.{family}")
        classes = len(read_json(CLASSES))
        return make("baseline", Job(family, recipe, plan.epochs, int(seed), classes, machine), tell)


if __name__ == "__main__":
    run(main)
