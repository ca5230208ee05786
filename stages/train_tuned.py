"""Train the best recipe that the search found, with one seed."""

from digits.common.cli import run
from digits.common.files import read_json
from digits.common.paths import CLASSES, search_file
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

        recipe = family_named(family).Hyperparameters(**read_json(search_file(family))["best"])
        classes = len(read_json(CLASSES))
        return make("tuned", TrainingConfig(family, recipe, plan.epochs, int(seed), classes, machine), tell)


if __name__ == "__main__":
    run(main)
