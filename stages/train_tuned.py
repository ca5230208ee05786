"""Train the best recipe that the search found, with each seed."""

from digits.common.cli import run
from digits.common.files import read_json
from digits.common.paths import search_file
from digits.families import hyperparameters
from digits.params.load import parameter, setting
from digits.params.schema import OneDnn, Pool, Runtime, Seeds, Threads, Train
from digits.training.seeds import Plan, train_seeds


def main(family: str) -> str:
    recipe = hyperparameters(family)(**read_json(search_file(family))["best"])
    epochs, seeds = parameter(Train, "train").epochs, parameter(Seeds, "seeds")
    machine = Runtime(threads=parameter(Threads, "pool.threads_per_worker"), onednn=parameter(OneDnn, "runtime.onednn"))
    return train_seeds(Plan(family, "tuned", recipe, epochs, machine), seeds, setting(Pool, "pool"))


if __name__ == "__main__":
    run(main)
