"""Train a family's baseline, the recipe in params.yaml, with each seed."""

from digits.common.cli import run
from digits.families import hyperparameters
from digits.params.load import parameter, setting
from digits.params.schema import OneDnn, Pool, Runtime, Seeds, Threads, Train
from digits.training.seeds import Plan, train_seeds


def main(family: str) -> str:
    recipe = parameter(hyperparameters(family), f"models.{family}")
    epochs, seeds = parameter(Train, "train").epochs, parameter(Seeds, "seeds")
    machine = Runtime(threads=parameter(Threads, "pool.threads_per_worker"), onednn=parameter(OneDnn, "runtime.onednn"))
    plan = Plan(family, "baseline", dict.fromkeys(seeds, recipe), epochs, machine)
    return train_seeds(plan, setting(Pool, "pool"))


if __name__ == "__main__":
    run(main)
