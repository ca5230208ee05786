"""Train a family's baseline, the recipe in params.yaml, with one seed."""

from digits.common.cli import run
from digits.common.files import read_json
from digits.common.paths import CLASSES
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Runtime, Train
from digits.training.live import listened


def main(family: str, seed: str) -> str:
    machine, plan = parameter(Runtime, "runtime"), parameter(Train, "train")
    with listened() as tell:
        runtime.start(machine)
        from digits.models.build import family_named
        from digits.training.jobs import TrainingConfig
        from digits.training.trained import make

        recipe = parameter(family_named(family).Hyperparameters, f"models.{family}")
        classes = len(read_json(CLASSES))
        return make("baseline", TrainingConfig(family, recipe, plan.epochs, int(seed), classes, machine), tell)


if __name__ == "__main__":
    run(main)
