"""Train a family's baseline, the recipe in params.yaml, with one seed."""

from digits import runtime
from digits.entry import run
from digits.params.base import parameter
from digits.params.runtime import Runtime
from digits.params.train import Train


def main(family: str, seed: str) -> str:
    runtime.start(parameter(Runtime, "runtime"))
    from digits.models import make
    from digits.networks import family_named

    recipe = parameter(family_named(family).Hyperparameters, f"models.{family}")
    return make(family, "baseline", int(seed), recipe, parameter(Train, "train"))


if __name__ == "__main__":
    run(main)
