"""Images per second in training, this project's code against plain Keras on the same network

Each implementation has its own process and runs a few epochs after one warm-up epoch; nothing is evaluated. Plain Keras
is `model.fit(x, y, batch_size=…)` with the same parameters, the layers of Keras's guides (convolution with its ReLU,
then pooling), Keras's own optimizer and normalisation, and TensorFlow's default number of threads. Where a recipe
augments its images, plain Keras uses its own augmentation layers in a `tf.data` pipeline, as Keras's guide recommends
for machines without a GPU.
"""

import time
from functools import partial
from itertools import product
from statistics import fmean

from benchmarks.run import Row, compare, main, run_in_process
from benchmarks.trainings import FAMILIES, Implementation, load_images, plain_keras, project_code, training_config
from digits.core.paths import VARIANTS
from digits.training.jobs import TrainingConfig

AIMS = {"mlp baseline": 2.0, "cnn baseline": 1.4}
N_IMAGES = {"mlp": 54_000, "cnn": 18_000}  # an epoch takes some seconds
EPOCHS = 3


def measure(n_pairs: int, n_images: int | None) -> list[Row]:
    rows = []
    for variant, family in product(VARIANTS, FAMILIES):
        config, name = training_config(family, variant, EPOCHS + 1, seed=1), f"{family} {variant}"
        speeds = (
            partial(run_in_process, images_per_second, implementation, config, n_images or N_IMAGES[family])
            for implementation in (project_code, plain_keras)
        )
        label = f"{name}: images per second / with plain Keras"
        rows.append(compare(label, n_pairs, *speeds, "images/s", AIMS.get(name)))
    return rows


def images_per_second(implementation: Implementation, config: TrainingConfig, n_images: int) -> float:
    """Return the mean over all epochs but the first, in which TensorFlow traces its graphs."""
    build, data, seconds = implementation(config), load_images("train", n_images), []
    _, train_epoch = build(data)
    for number in range(1, config.epochs + 1):
        started = time.perf_counter()
        train_epoch(number)
        seconds.append(time.perf_counter() - started)
    return len(data) / fmean(seconds[1:])


if __name__ == "__main__":
    main(measure, n_repeats=5)
