"""Images per second in training with AVX2, against all instructions of the processor

This is the cost of `runtime.instruction_set: avx2`. Each side has its own process with one thread and runs two epochs
after one warm-up epoch; nothing is evaluated.
"""

from dataclasses import replace
from functools import partial

from benchmarks.run import Row, compare, main, run_in_process
from benchmarks.throughput import images_per_second
from benchmarks.trainings import project_code, training_config
from digits.training.jobs import TrainingConfig

RECIPES = (("mlp", "baseline"), ("cnn", "baseline"), ("cnn", "tuned"))
N_IMAGES, EPOCHS = 20_000, 3


def measure(n_pairs: int, n_images: int | None) -> list[Row]:
    rows = []
    for family, variant in RECIPES:
        config = training_config(family, variant, EPOCHS, seed=1)
        speeds = (partial(speed, name, config, n_images or N_IMAGES) for name in ("avx2", "native"))
        label = f"{family} {variant}: images per second with AVX2 / with all instructions"
        rows.append(compare(label, n_pairs, *speeds, "images/s"))
    return rows


def speed(instruction_set: str, config: TrainingConfig, n_images: int) -> float:
    runtime = config.runtime.model_copy(update={"instruction_set": instruction_set, "threads": 1})
    return run_in_process(images_per_second, project_code, replace(config, runtime=runtime), n_images)


if __name__ == "__main__":
    main(measure, n_repeats=5)
