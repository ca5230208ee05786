"""Predict the test images, uncorrupted and corrupted, with every model. No other stage opens the test split."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from digits.config.load import parameter
from digits.config.schema import Families, Runtime, Seeds
from digits.core import paths
from digits.core.cli import run_stage
from digits.core.files import remove, write_array
from digits.core.progress import ProgressBar
from digits.data import dataset
from digits.evaluation import robustness
from digits.evaluation.metrics import ensemble_name
from digits.models import runtime

BATCH_SIZE = 500  # per thread


def main() -> str:
    runtime_settings = parameter(Runtime, "runtime")
    runtime.start(runtime_settings)
    from digits.models.keras_file import load_predictor

    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    test = dataset.load(paths.PREPARED / "test")

    with ThreadPoolExecutor(runtime_settings.threads) as pool:

        def load_parallel_predictor(name: str) -> Callable[[np.ndarray], np.ndarray]:
            predict = load_predictor(paths.model_file(name))
            return lambda images: np.concatenate([*pool.map(predict, split_batches(images))])

        models = {name: load_parallel_predictor(name) for name in paths.model_names(families, seeds)}
        remove(paths.PREDICTIONS)
        with ProgressBar(len(models), "test images", "model") as progress:
            for name, predict in models.items():
                write_array(paths.PREDICTIONS / f"{name}.npy", predict(test.images))
                progress.advance(note=name)
        robustness.write_corrupted_correctness(models, list_ensembles(families, seeds), test)
    dataset.save(test, paths.PREDICTIONS)
    return f"{paths.PREDICTIONS}: {len(models)} models on {len(test):,} test images, uncorrupted and corrupted"


def list_ensembles(families: tuple[str, ...], seeds: tuple[int, ...]) -> dict[str, list[str]]:
    """Return the names of each ensemble's models, by the ensemble's name."""
    return {
        ensemble_name(family, variant): [paths.model_name(family, variant, seed) for seed in seeds]
        for family in families
        for variant in paths.VARIANTS
        if len(seeds) > 1
    }


def split_batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]


if __name__ == "__main__":
    run_stage(main)
