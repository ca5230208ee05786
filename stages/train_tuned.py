"""Train the best recipe of the search with each seed, or each seed's own recipe where each seed had its own search."""

from itertools import cycle

from digits.config.load import parameter, setting
from digits.config.schema import (
    InstructionSet,
    OneDnn,
    Pool,
    Runtime,
    Seeds,
    Threads,
    Train,
    require_matching_seeds,
)
from digits.core.cli import run_stage
from digits.core.files import read_json
from digits.core.paths import CLASSES, search_file
from digits.models.families import hyperparameters
from digits.tracking.live import live
from digits.training.jobs import TrainingConfig
from digits.training.seeds import train_seeds


def main(family: str) -> str:
    searches = read_json(search_file(family))["searches"]
    epochs, seeds = parameter(Train, "train").epochs, parameter(Seeds, "seeds")
    runtime_settings = Runtime(
        threads=parameter(Threads, "pool.threads_per_worker"),
        onednn=parameter(OneDnn, "runtime.onednn"),
        instruction_set=parameter(InstructionSet, "runtime.instruction_set"),
    )
    require_matching_seeds([search["seed"] for search in searches], seeds)
    recipes = [hyperparameters(family)(**search["best"]) for search in searches]
    n_classes = len(read_json(CLASSES))
    configs = [
        TrainingConfig(family, recipe, epochs, seed, n_classes, runtime_settings)
        for seed, recipe in zip(seeds, cycle(recipes), strict=False)
    ]
    return train_seeds("tuned", configs, setting(Pool, "pool"), live)


if __name__ == "__main__":
    run_stage(main)
