"""A trained model that can be asked about images, wherever it lies: in this project, in a file, or with MLflow."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits.common.errors import UserError
from digits.common.files import read_json
from digits.common.paths import CLASSES, PREPARED, history_file, model_file, model_names
from digits.data import dataset
from digits.evaluation.selection import worth
from digits.export import metadata
from digits.export.metadata import Metadata
from digits.inference import preprocessing
from digits.models import runtime
from digits.params.load import parameter
from digits.params.schema import Families, Runtime, Seeds

Predictor = Callable[[np.ndarray], np.ndarray]  # images, as the network takes them; their class probabilities

KINDS = "tuned, baseline, cnn-tuned and the like, a .keras or .h5 file, a SavedModel's folder, or models:/NAME@ALIAS"


@dataclass(frozen=True)
class Classifier:
    about: Metadata
    load: Callable[[], Predictor]  # starts TensorFlow, which takes seconds


def find(which: str) -> Classifier:
    if which.startswith("models:/"):
        return registered(which)
    path = Path(which)
    if path.suffix in (".keras", ".h5") or path.is_dir():
        return in_file(path)
    return in_file(model_file(best(which)))


def best(which: str) -> str:
    """By validation images, of all models here that go by this name: "tuned", "cnn-tuned" or "cnn-tuned-3"."""
    names = model_names(parameter(Families, "families"), parameter(Seeds, "seeds"))
    meant = [name for name in names if which in (name, *shorter(name))]
    if not meant:
        raise UserError(f"there is no model {which}; known are {KINDS}")
    if missing := [name for name in meant if not (model_file(name).exists() and history_file(name).exists())]:
        raise UserError(
            f"{model_file(missing[0])} is missing; `make repro` trains it, `dvc pull` gets it if it is shared"
        )
    return max(meant, key=worth)


def shorter(name: str) -> tuple[str, str]:
    family, variant, _ = name.rsplit("-", 2)
    return variant, f"{family}-{variant}"


def in_file(path: Path) -> Classifier:
    if not path.exists():
        raise UserError(f"{path} does not exist; a model is {KINDS}")
    if path.name.endswith(".weights.h5"):
        raise UserError(f"{path} holds weights and no network; the .keras file beside it holds both")
    if path.is_dir() and not (path / "saved_model.pb").exists():
        raise UserError(f"{path} is no SavedModel, for it holds no saved_model.pb; a model is {KINDS}")
    of = metadata.read(path) or Metadata(model=path.stem, classes=read_json(CLASSES), placing=placing_here())
    return Classifier(of, lambda: checked((saved_model if path.is_dir() else keras_model)(path), of))


def registered(uri: str) -> Classifier:
    from digits.tracking import registered

    model = registered.load(uri)
    of = Metadata(model=uri, classes=model.classes, placing=placing_here())
    return Classifier(of, lambda: checked(model.ask, of))


def placing_here() -> preprocessing.Preprocessing:
    return preprocessing.measure(dataset.load(PREPARED / "train").images)


def keras_model(path: Path) -> Predictor:
    runtime.start(parameter(Runtime, "runtime"))
    from digits.evaluation.predictor import asked

    return asked(path)


def saved_model(path: Path) -> Predictor:
    runtime.start(parameter(Runtime, "runtime"))
    import tensorflow as tf

    try:
        model = tf.saved_model.load(path)
        signature = model.signatures["serving_default"]
    except Exception as error:  # it may be broken in many ways
        raise UserError(f"{path} cannot be read as a SavedModel ({error})") from None

    def ask(images: np.ndarray, _: object = model) -> np.ndarray:  # whose weights live as long as it does
        return signature(images=tf.cast(images, tf.float32))["probabilities"].numpy()

    return ask


def checked(ask: Predictor, of: Metadata) -> Predictor:
    """Asked once, so that a model for other images is found here, and the first to ask need not wait for its graph."""
    shape = of.placing.shape
    try:
        answer = ask(np.zeros((1, *shape), np.uint8))
    except Exception as error:
        raise UserError(
            f"{of.model} does not take images of {' × '.join(map(str, shape))}, as they are here "
            f"({str(error).splitlines()[0]})"
        ) from None
    if answer.shape != (1, len(of.classes)):
        raise UserError(f"{of.model} tells {answer.shape[1]} classes apart, and there are {len(of.classes)} here")
    return ask
