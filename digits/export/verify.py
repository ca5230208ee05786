"""What exports answer in a process that has seen nothing of this project's networks: the files alone must do."""

import signal
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from digits.common.errors import UserError, reason
from digits.common.files import read_array
from digits.export import metadata
from digits.models import runtime
from digits.params.schema import Runtime

KERAS, HDF5, WEIGHTS, SAVED_MODEL = "model.keras", "model.h5", "model.weights.h5", "saved_model"
BATCH = 500  # as many as `evaluate` asks about at once


@dataclass(frozen=True)
class Answers:
    probabilities: np.ndarray
    classes: np.ndarray  # by their names


def tell(to: Connection, folders: Sequence[Path], images: Path, machine: Runtime) -> None:
    """Once, and then this process ends: also where the one that listens was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends that one, which ends this one
    try:
        found = ask_all(folders, images, machine)
    except UserError as mistake:
        found = mistake
    with suppress(BrokenPipeError):
        to.send(found)


def ask_all(folders: Sequence[Path], images: Path, machine: Runtime) -> list[dict[str, Answers]]:
    runtime.start(machine)
    asked = read_array(images)
    return [{name: ask(folder / name, asked) for name in LOADED} for folder in folders]


def ask(path: Path, images: np.ndarray) -> Answers:
    try:
        return LOADED[path.name](path, images)
    except Exception as error:  # whatever it is: nobody else could use it, either
        raise UserError(f"the export {path.parent.name}/{path.name} cannot be used ({reason(error)})") from None


def model(path: Path, images: np.ndarray) -> Answers:
    import keras

    return named(path, keras.models.load_model(path, compile=False).predict(images, batch_size=BATCH, verbose=0))


def weights(path: Path, images: np.ndarray) -> Answers:
    """Into the network that the .keras file beside them describes."""
    import keras

    with zipfile.ZipFile(path.with_name(KERAS)) as file:
        network = keras.models.model_from_json(file.read("config.json"))
    network.load_weights(path)
    return named(path, network.predict(images, batch_size=BATCH, verbose=0))


def saved_model(path: Path, images: np.ndarray) -> Answers:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # for as long as its signature is used
    answer = loaded.signatures["serving_default"]
    parts = [
        answer(images=tf.cast(images[start : start + BATCH], tf.float32)) for start in range(0, len(images), BATCH)
    ]
    return Answers(
        np.concatenate([part["probabilities"] for part in parts]),
        np.char.decode(np.concatenate([part["class"] for part in parts]).astype(bytes), "utf-8"),
    )


def named(path: Path, probabilities: np.ndarray) -> Answers:
    return Answers(probabilities, np.array(metadata.read(path).classes)[probabilities.argmax(axis=1)])


LOADED: dict[str, Callable[[Path, np.ndarray], Answers]] = {
    KERAS: model,
    HDF5: model,
    WEIGHTS: weights,
    SAVED_MODEL: saved_model,
}
