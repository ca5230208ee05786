"""Train a family's baseline, the recipe in params.yaml, with each seed."""

from digits.config.load import parameter, setting
from digits.config.schema import InstructionSet, OneDnn, Pool, Runtime, Seeds, Threads, Train
from digits.core.cli import run_stage
from digits.core.files import read_json
from digits.core.paths import CLASSES
from digits.models.families import hyperparameters
from digits.tracking.live import live
from digits.training.jobs import TrainingConfig
from digits.training.seeds import train_seeds


def main(family: str) -> str:
    recipe = parameter(hyperparameters(family), f"models.{family}")
    epochs, seeds = parameter(Train, "train").epochs, parameter(Seeds, "seeds")
    runtime_settings = Runtime(
        threads=parameter(Threads, "pool.threads_per_worker"),
        onednn=parameter(OneDnn, "runtime.onednn"),
        instruction_set=parameter(InstructionSet, "runtime.instruction_set"),
    )
    n_classes = len(read_json(CLASSES))
    configs = [TrainingConfig(family, recipe, epochs, seed, n_classes, runtime_settings) for seed in seeds]
    return train_seeds("baseline", configs, setting(Pool, "pool"), live)


if __name__ == "__main__":
    run_stage(main)
