"""The formats of an export: an entry of FORMATS names a file, saves it and loads it.

Loading imports nothing of what builds and trains networks here, as whoever gets the file has none of it.
"""

import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digits.core.process import suppress_stderr
from digits.export.metadata import Metadata, write_metadata

if TYPE_CHECKING:
    import keras


EXPORTS = Path("exports")


@dataclass(frozen=True)
class Trained:
    file: Path
    model: "keras.Model"  # of Keras's layers alone
    network: "keras.Model"  # the same as `evaluate` predicts with it: a graph that every processor rounds alike
    metadata: Metadata


class FormatOutput(NamedTuple):
    probabilities: np.ndarray
    classes: np.ndarray | None = None  # the likeliest, by name, where the format itself knows the names


@dataclass(frozen=True)
class Format:
    file: str
    save: Callable[[Trained, Path], object]
    load: Callable[[Path], Callable[[np.ndarray], FormatOutput]]
    tolerance: float = 1e-5  # of a probability: a format may add up in another order, and no more than that


def save_hdf5(trained: Trained, path: Path) -> None:
    with suppress_stderr():  # Keras warns that this format is old; it is here for old programs
        trained.model.save(path)


def save_saved_model(trained: Trained, path: Path) -> None:
    from digits.export import saved_model

    saved_model.save(trained.network, trained.metadata.classes, path)


def save_tflite(trained: Trained, path: Path) -> None:
    with suppress_stderr():
        trained.network.export(str(path), format="litert", verbose=False)


def load_keras(path: Path) -> Callable[[np.ndarray], FormatOutput]:
    import keras

    return as_graph(keras.models.load_model(path, compile=False))


def load_weights(path: Path) -> Callable[[np.ndarray], FormatOutput]:
    """Into the network that the .keras file beside them describes."""
    import keras

    with zipfile.ZipFile(path.with_name("model.keras")) as file:
        model = keras.models.model_from_json(file.read("config.json"))
    model.load_weights(path)
    return as_graph(model)


def as_graph(model: "keras.Model") -> Callable[[np.ndarray], FormatOutput]:
    """One graph for any number of images: Keras's own `predict` takes 80 ms and more for a single one."""
    import tensorflow as tf

    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[pixels], autograph=False)
    return lambda images: FormatOutput(graph(images.astype(np.float32)).numpy())


def load_saved_model(path: Path) -> Callable[[np.ndarray], FormatOutput]:
    import tensorflow as tf

    model = tf.saved_model.load(path)
    signature = model.signatures["serving_default"]

    def predict(images: np.ndarray, _model: object = model) -> FormatOutput:  # its weights live only as long as it does
        output = {name: value.numpy() for name, value in signature(images=tf.cast(images, tf.float32)).items()}
        names = np.char.decode(output["class"].astype(bytes), "utf-8") if "class" in output else None
        return FormatOutput(output["probabilities"], names)

    return predict


def load_tflite(path: Path) -> Callable[[np.ndarray], FormatOutput]:
    import tensorflow as tf
    from tensorflow.lite.python.schema_py_generated import ModelT

    ModelT.InitFromPackedBuf(path.read_bytes(), 0)  # fails where the file is cut short; the interpreter would crash
    # Its successor is a package of its own, `ai_edge_litert`, which reads the same files.
    with warnings.catch_warnings(action="ignore", category=UserWarning), suppress_stderr():
        interpreter = tf.lite.Interpreter(str(path))
        interpreter.allocate_tensors()  # it says on stderr what it computes with
    run = interpreter.get_signature_runner()
    [pixels], [probabilities] = run.get_input_details(), run.get_output_details()
    return lambda images: FormatOutput(run(**{pixels: images.astype(np.float32)})[probabilities])


FORMATS = (
    Format("model.keras", lambda trained, path: shutil.copyfile(trained.file, path), load_keras),
    Format("model.h5", save_hdf5, load_keras),
    Format("model.weights.h5", lambda trained, path: trained.model.save_weights(path), load_weights),
    Format("saved_model", save_saved_model, load_saved_model),
    Format("model.tflite", save_tflite, load_tflite, tolerance=1e-4),  # its kernels round more
)


def write(trained: Trained, folder: Path) -> None:
    folder.mkdir()
    for each in FORMATS:
        each.save(trained, folder / each.file)
    write_metadata(folder, trained.metadata)


def format_of(path: Path) -> Format | None:
    """Of any model's file, by the ending of its name; a folder is a SavedModel."""
    ending = "" if path.is_dir() else path.suffix or None
    return next((each for each in FORMATS if Path(each.file).suffix == ending), None)
