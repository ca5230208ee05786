"""Ask every model about the test images, as they are and made harder. No other stage opens them."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from digits.common.cli import run
from digits.common.files import remove, write_array, write_json
from digits.common.paths import MODELS, PREDICTIONS, PREPARED, history_file, model_file, model_names, search_file
from digits.common.progress import Progress
from digits.data import dataset
from digits.evaluation import robustness
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Families, Runtime, Seeds

AT_ONCE = 500  # images, in each thread
# Also under the temporary name that a killed training leaves.
PRODUCED = re.compile(r"(\.\d+-)?\w+-(((baseline|tuned)-\d+\.(keras|json))|search\.json)")


def main() -> str:
    machine = parameter(Runtime, "runtime")
    runtime.start(machine)
    from digits.evaluation.predictor import asked

    families, seeds = parameter(Families, "families"), parameter(Seeds, "seeds")
    names = tuple(model_names(families, seeds))
    forget_others(
        {path(name) for name in names for path in (model_file, history_file)} | set(map(search_file, families))
    )
    test = dataset.load(PREPARED / "test")

    with ThreadPoolExecutor(machine.threads) as pool:

        def asking(name: str) -> Callable[[np.ndarray], np.ndarray]:
            ask = asked(model_file(name))
            return lambda images: np.concatenate([*pool.map(ask, in_parts(images))])

        models = {name: asking(name) for name in names}
        remove(PREDICTIONS)
        with Progress(len(models), "test images", "model") as progress:
            for name, ask in models.items():
                write_array(PREDICTIONS / f"{name}.npy", ask(test.images))
                progress.advance(note=name)
        write_json(robustness.FILE, robustness.examine(models, test))
    dataset.save(test, PREDICTIONS)
    return f"{PREDICTIONS}: {len(names)} models on {len(test):,} test images, and on harder ones"


def in_parts(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE)]


def forget_others(expected: set[Path]) -> None:
    """DVC leaves the models of families and seeds that params.yaml no longer names; its cache keeps them anyway."""
    for path in MODELS.iterdir():
        if PRODUCED.fullmatch(path.name) and path not in expected:
            remove(path)


if __name__ == "__main__":
    run(main)
