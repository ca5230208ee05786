"""A trained model that predicts, wherever it lies: in this project, in a file, or in MLflow's registry."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits.config.load import parameter
from digits.config.schema import Families, Objective, Runtime, Seeds
from digits.core.errors import UserError, reason
from digits.core.files import read_json
from digits.core.paths import CLASSES, PREPARED, history_file, model_file, model_names
from digits.data import dataset, preprocessing
from digits.evaluation import objective
from digits.export import formats
from digits.export.metadata import Metadata, read_metadata
from digits.models import runtime
from digits.tracking.store import configure

PredictFunction = Callable[[np.ndarray], np.ndarray]  # from images, preprocessed, to their class probabilities

KINDS = (
    "tuned, baseline, cnn-tuned and the like, a .keras, .h5 or .tflite file, a SavedModel's folder, or "
    "models:/NAME@ALIAS"
)


@dataclass(frozen=True)
class Classifier:
    metadata: Metadata
    load: Callable[[], PredictFunction]  # starts TensorFlow, which takes seconds


def find(which: str) -> Classifier:
    if which.startswith("models:/"):
        return from_registry(which)
    if formats.format_of(Path(which)):
        return from_file(Path(which), name=which)
    name = best(which)
    return from_file(model_file(name), name)


def best(which: str) -> str:
    """By validation images, of all models here that go by this name: "tuned", "cnn-tuned" or "cnn-tuned-3"."""
    names = model_names(parameter(Families, "families"), parameter(Seeds, "seeds"))
    candidates = [name for name in names if which in (name, *short_names(name))]
    if not candidates:
        raise UserError(f"there is no model {which}; known are {KINDS}")
    if missing := [name for name in candidates if not (model_file(name).exists() and history_file(name).exists())]:
        raise UserError(
            f"{model_file(missing[0])} is missing; `make repro` trains it, `dvc pull` gets it if it is shared"
        )
    return objective.best_model(candidates, parameter(Objective, "tune.objective"))


def short_names(name: str) -> tuple[str, str]:
    family, variant, _ = name.rsplit("-", 2)
    return variant, f"{family}-{variant}"


def from_file(path: Path, name: str) -> Classifier:
    if not path.exists():
        raise UserError(f"{path} does not exist; a model is {KINDS}")
    if path.name.endswith(".weights.h5"):
        raise UserError(f"{path} holds only weights; the .keras file beside it holds the network, too")
    if path.is_dir() and not (path / "saved_model.pb").exists():
        raise UserError(f"{path} is no SavedModel, for it holds no saved_model.pb; a model is {KINDS}")
    metadata = read_metadata(path) or metadata_here(name, read_json(CLASSES))
    return Classifier(metadata, lambda: checked(loaded(path), metadata))


def from_registry(uri: str) -> Classifier:
    configure()
    from digits.tracking.registry import load

    classes, predict = load(uri)
    metadata = metadata_here(uri, classes)
    return Classifier(metadata, lambda: checked(predict, metadata))


def metadata_here(name: str, classes: tuple[str, ...]) -> Metadata:
    """Of a model that has no metadata: it takes images like the training images of this project."""
    images = dataset.load(PREPARED / "train").images
    return Metadata(model=name, classes=classes, preprocessing=preprocessing.measure(images))


def loaded(path: Path) -> PredictFunction:
    runtime.start(parameter(Runtime, "runtime"))
    try:
        predict = formats.format_of(path).load(path)
    except Exception as error:  # a file may be broken in many ways
        why = f"{path} cannot be loaded as a model ({reason(error)})"
        raise UserError(f"{why}; if it is a file of this project, delete it and run `dvc repro`") from None
    return lambda images: predict(images).probabilities


def checked(predict: PredictFunction, metadata: Metadata) -> PredictFunction:
    """Called once, so that a model for other images fails here, and the first user need not wait for its graph."""
    shape = metadata.preprocessing.shape
    try:
        probabilities = predict(np.zeros((1, *shape), np.uint8))
    except Exception as error:
        raise UserError(
            f"{metadata.model} does not take images of {' × '.join(map(str, shape))}, as they are here "
            f"({reason(error)})"
        ) from None
    if probabilities.ndim != 2:
        raise UserError(f"{metadata.model} does not give one probability for each class")
    if probabilities.shape != (1, len(metadata.classes)):
        raise UserError(
            f"{metadata.model} tells {probabilities.shape[1]} classes apart, but {len(metadata.classes)} are named here"
        )
    if not ((probabilities >= 0).all() and abs(probabilities.sum() - 1) < 1e-3):
        raise UserError(f"{metadata.model} does not give probabilities, which add up to 1; does it lack a softmax?")
    return predict


def answer(probabilities: np.ndarray) -> tuple[int, list[float]]:
    """The likeliest class, before two are rounded to the same; and all probabilities as JSON shows them."""
    return int(probabilities.argmax()), [round(float(probability), 6) for probability in probabilities]
