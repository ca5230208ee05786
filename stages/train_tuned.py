"""Train the best recipe that the search found, with one seed."""

from digits import runtime
from digits.entry import run
from digits.files import read_json
from digits.names import search_file
from digits.params.base import parameter
from digits.params.runtime import Runtime
from digits.params.train import Train


def main(family: str, seed: str) -> str:
    runtime.start(parameter(Runtime, "runtime"))
    from digits.models import make
    from digits.networks import family_named

    recipe = family_named(family).Hyperparameters(**read_json(search_file(family))["best"])
    return make(family, "tuned", int(seed), recipe, parameter(Train, "train"))


if __name__ == "__main__":
    run(main)
