"""Find a trained model, and load its predictor: a function from images to class probabilities.

The model is one of this project, a file, or a model of MLflow's registry.
"""

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

Predictor = Callable[[np.ndarray], np.ndarray]  # from preprocessed images to class probabilities

MODEL_HELP = (
    "tuned, baseline, FAMILY-VARIANT or FAMILY-VARIANT-SEED (cnn-tuned, cnn-tuned-3), a .keras, .h5 or .tflite file, "
    "a SavedModel folder, or models:/NAME@ALIAS"
)


@dataclass(frozen=True)
class ModelSource:
    metadata: Metadata
    # For a file, this starts TensorFlow, which takes seconds. A registry's model is loaded earlier, for its classes.
    load: Callable[[], Predictor]


def find(model: str) -> ModelSource:
    if model.startswith("models:/"):
        return from_registry(model)
    if formats.detect_format(Path(model)):
        return from_file(Path(model), name=model)
    name = resolve_name(model)
    return from_file(model_file(name), name)


def resolve_name(model: str) -> str:
    """Return the full name, FAMILY-VARIANT-SEED, of the best model that a short name matches.

    The best is chosen by the objective on validation images, among all families and seeds that match.
    """
    names = model_names(parameter(Families, "families"), parameter(Seeds, "seeds"))
    candidates = [name for name in names if model in (name, *short_names(name))]
    if not candidates:
        raise UserError(f"unknown model {model!r}; use {MODEL_HELP}")
    if missing := [name for name in candidates if not (model_file(name).exists() and history_file(name).exists())]:
        raise UserError(
            f"{model_file(missing[0])} is missing; run `make repro` to train it, or `dvc pull` if it is shared"
        )
    return objective.best_model(candidates, parameter(Objective, "tune.objective"))


def short_names(name: str) -> tuple[str, str]:
    family, variant, _ = name.rsplit("-", 2)
    return variant, f"{family}-{variant}"


def from_file(path: Path, name: str) -> ModelSource:
    if not path.exists():
        raise UserError(f"{path} does not exist; use {MODEL_HELP}")
    if path.name.endswith(".weights.h5"):
        raise UserError(f"{path} contains only weights; use the .keras file beside it, which contains the network, too")
    if path.is_dir() and not (path / "saved_model.pb").exists():
        raise UserError(f"{path} is not a SavedModel: it contains no saved_model.pb; use {MODEL_HELP}")
    metadata = read_metadata(path) or project_metadata(name, read_json(CLASSES))
    return ModelSource(metadata, lambda: validate(load_predictor(path), metadata))


def from_registry(uri: str) -> ModelSource:
    configure()
    from digits.tracking.registry import load_classifier

    classes, predict = load_classifier(uri)
    metadata = project_metadata(uri, classes)
    return ModelSource(metadata, lambda: validate(predict, metadata))


def project_metadata(name: str, classes: tuple[str, ...]) -> Metadata:
    """Return metadata for a model without its own: it is assumed to take images like this project's training images."""
    images = dataset.load(PREPARED / "train").images
    return Metadata(model=name, classes=classes, preprocessing=preprocessing.infer_preprocessing(images))


def load_predictor(path: Path) -> Predictor:
    runtime.start(parameter(Runtime, "runtime"))
    try:
        predict = formats.detect_format(path).load(path)
    except Exception as error:  # a file may be broken in many ways
        raise UserError(
            f"{path} cannot be loaded as a model ({reason(error)}); if it is a file of this project, delete it and run "
            "`dvc repro` to create it again"
        ) from None
    return lambda images: predict(images).probabilities


def validate(predict: Predictor, metadata: Metadata) -> Predictor:
    """Return `predict` if it returns probabilities for the image shape and classes of the metadata.

    The test call also builds the graph, so that the first user does not wait for it.
    """
    shape = metadata.preprocessing.shape
    try:
        probabilities = predict(np.zeros((1, *shape), np.uint8))
    except Exception as error:
        raise UserError(
            f"{metadata.model} does not take images of {' × '.join(map(str, shape))}, the shape of this project's "
            f"images or of its metadata.json ({reason(error)})"
        ) from None
    if probabilities.ndim != 2:
        raise UserError(f"{metadata.model} does not return one probability per class")
    if probabilities.shape != (1, len(metadata.classes)):
        raise UserError(
            f"{metadata.model} predicts {probabilities.shape[1]} classes, but {len(metadata.classes)} class names are "
            "known, from its metadata.json or from this project"
        )
    if not ((probabilities >= 0).all() and abs(probabilities.sum() - 1) < 1e-3):
        raise UserError(f"{metadata.model} does not return probabilities that add up to 1; does it lack a softmax?")
    return predict


def top_class_and_probabilities(probabilities: np.ndarray) -> tuple[int, list[float]]:
    """Return the index of the likeliest class and the probabilities rounded for JSON.

    The likeliest class is chosen first: rounding may make two probabilities equal.
    """
    return int(probabilities.argmax()), [round(float(probability), 6) for probability in probabilities]
