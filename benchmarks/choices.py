"""What each choice in the training code is worth: images per second with it, against the same training without

Each side has a process of its own, as in `throughput`, and trains the recipe that the search found. Pooling before the
ReLU, and augmenting in the pipeline's own threads, are not undone here: `throughput` holds all of it against Keras.
"""

from collections.abc import Callable
from functools import partial

from benchmarks import entry
from benchmarks.pairs import fresh, interleaved
from benchmarks.report import Row
from benchmarks.subjects import images, job
from benchmarks.throughput import FAMILIES, timed
from digits.models import runtime
from digits.training.jobs import TrainingConfig

IMAGES = 12_800


def measure(pairs: int, count: int | None) -> list[Row]:
    rows = []
    for family in FAMILIES:
        trained = job(family, "tuned", epochs=10, seed=1)
        for choice, undo in CHOICES.items():
            sides = (partial(side, trained, count or IMAGES, each) for each in (as_it_is, undo))
            ratios = [mine / without for mine, without in interleaved(pairs, *sides)]
            rows.append(Row(f"{family} tuned: {choice}", ratios))
            print(rows[-1], flush=True)
    return rows


def side(trained: TrainingConfig, count: int, change: Callable[[TrainingConfig], TrainingConfig], _pair: int) -> float:
    return fresh(speed, trained, count, change)


def speed(trained: TrainingConfig, count: int, change: Callable[[TrainingConfig], TrainingConfig]) -> float:
    trained = change(trained)
    from digits.training.trainer import Training

    data = images("train", count)
    training = Training(trained, data, data)
    return len(data) / timed(lambda number: training.model.fit(training.batches(number), shuffle=False, verbose=0))


def as_it_is(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime)
    return trained


def without_kernels(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime)
    import keras

    from digits.models import kernels

    kernels.FAST.clear()
    kernels.Adam = keras.optimizers.Adam
    return trained


def without_bundles(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime)
    from digits.training import trainer

    trainer.STEPS_PER_CALL = 1
    return trained


def with_tuner(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime)
    from digits.training import batches

    batches.without_autotune = lambda dataset: dataset
    return trained


def without_onednn(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime.model_copy(update={"onednn": False}))
    return trained


def with_one_thread(trained: TrainingConfig) -> TrainingConfig:
    runtime.start(trained.runtime.model_copy(update={"threads": 1}))
    return trained


CHOICES = {
    "Adam and batch normalisation in one pass each / in Keras's many": without_kernels,
    "16 steps in a call / 1": without_bundles,
    "input without tf.data's autotuner / with it": with_tuner,
    "oneDNN / TensorFlow's other kernels": without_onednn,
    "2 threads / 1": with_one_thread,
}


if __name__ == "__main__":
    entry.run(measure, pairs=3)
