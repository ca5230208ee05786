"""Ask every model about the test images. No other stage opens them."""

from digits import dataset, runtime
from digits.entry import run
from digits.files import remove, write_array
from digits.names import MODELS, PREDICTIONS, PREPARED, model_file, model_names
from digits.params.base import parameter
from digits.params.runtime import Runtime
from digits.params.subjects import Families, Seeds
from digits.progress import Progress

BATCH = 500


def main() -> str:
    runtime.start(parameter(Runtime, "runtime"))
    from digits.modelfile import load

    names = tuple(model_names(parameter(Families, "families"), parameter(Seeds, "seeds")))
    forget_others(names)
    test = dataset.load(PREPARED / "test")
    remove(PREDICTIONS)
    with Progress(len(names), "test images", "model") as progress:
        for name in names:
            write_array(PREDICTIONS / f"{name}.npy", load(model_file(name)).predict(test.images, BATCH, verbose=0))
            progress.advance(note=name)
    dataset.save(test, PREDICTIONS)
    return f"{PREDICTIONS}: {len(names)} models on {len(test):,} test images"


def forget_others(names: tuple[str, ...]) -> None:
    """DVC leaves the models of families and seeds that params.yaml no longer names; its cache keeps them anyway."""
    for path in MODELS.glob("*-*-*.*"):
        if path.stem not in names:
            remove(path)


if __name__ == "__main__":
    run(main)
