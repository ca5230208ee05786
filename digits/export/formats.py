"""Export formats: each entry of FORMATS has a file name, and functions to save and load the file.

Loading imports no code that builds or trains networks: users of the files do not have it.
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
class TrainedModel:
    file: Path
    model: "keras.Model"  # only Keras's own layers
    portable_model: "keras.Model"  # as in `evaluate`: floating-point results are the same on every processor
    metadata: Metadata


class FormatOutput(NamedTuple):
    probabilities: np.ndarray
    predicted_classes: np.ndarray | None = None  # the likeliest class's name per image, if the format stores names


ExportPredictor = Callable[[np.ndarray], FormatOutput]  # from preprocessed images


@dataclass(frozen=True)
class Format:
    file: str
    save: Callable[[TrainedModel, Path], object]
    load: Callable[[Path], ExportPredictor]
    tolerance: float = 1e-5  # of a probability: a format may sum in another order


def save_hdf5(trained: TrainedModel, path: Path) -> None:
    with suppress_stderr():  # Keras warns that the format is deprecated; old programs need it
        trained.model.save(path)


def save_saved_model(trained: TrainedModel, path: Path) -> None:
    from digits.export import saved_model

    saved_model.save(trained.portable_model, trained.metadata.classes, path)


def save_tflite(trained: TrainedModel, path: Path) -> None:
    with suppress_stderr():
        trained.portable_model.export(str(path), format="litert", verbose=False)


def load_keras(path: Path) -> ExportPredictor:
    import keras

    return build_predictor(keras.models.load_model(path, compile=False))


def load_weights(path: Path) -> ExportPredictor:
    """Build the network that the .keras file in the same folder describes, and load the weights into it."""
    import keras

    with zipfile.ZipFile(path.with_name("model.keras")) as file:
        model = keras.models.model_from_json(file.read("config.json"))
    model.load_weights(path)
    return build_predictor(model)


def build_predictor(model: "keras.Model") -> ExportPredictor:
    """Compile one graph for any number of images: Keras's `predict` takes 80 ms and more for a single image."""
    import tensorflow as tf

    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[pixels], autograph=False)
    return lambda images: FormatOutput(graph(images.astype(np.float32)).numpy())


def load_saved_model(path: Path) -> ExportPredictor:
    import tensorflow as tf

    model = tf.saved_model.load(path)
    signature = model.signatures["serving_default"]

    def predict(images: np.ndarray, _model: object = model) -> FormatOutput:  # the signature does not keep the weights
        outputs = {name: value.numpy() for name, value in signature(images=tf.cast(images, tf.float32)).items()}
        classes = np.char.decode(outputs["class"].astype(bytes), "utf-8") if "class" in outputs else None
        return FormatOutput(outputs["probabilities"], classes)

    return predict


def load_tflite(path: Path) -> ExportPredictor:
    import tensorflow as tf
    from tensorflow.lite.python.schema_py_generated import ModelT

    ModelT.InitFromPackedBuf(path.read_bytes(), 0)  # fails on a truncated file; the interpreter would crash
    # TensorFlow warns of the interpreter's move to the package `ai_edge_litert`, which reads the same files.
    with warnings.catch_warnings(action="ignore", category=UserWarning), suppress_stderr():
        interpreter = tf.lite.Interpreter(str(path))
        interpreter.allocate_tensors()  # logs its kernel library to stderr
    run = interpreter.get_signature_runner()
    [pixels], [probabilities] = run.get_input_details(), run.get_output_details()
    return lambda images: FormatOutput(run(**{pixels: images.astype(np.float32)})[probabilities])


FORMATS = (
    Format("model.keras", lambda trained, path: shutil.copyfile(trained.file, path), load_keras),
    Format("model.h5", save_hdf5, load_keras),
    Format("model.weights.h5", lambda trained, path: trained.model.save_weights(path), load_weights),
    Format("saved_model", save_saved_model, load_saved_model),
    Format("model.tflite", save_tflite, load_tflite, tolerance=1e-4),  # its kernels are less precise
)


def write(trained: TrainedModel, folder: Path) -> None:
    folder.mkdir()
    for export_format in FORMATS:
        export_format.save(trained, folder / export_format.file)
    write_metadata(folder, trained.metadata)


def detect_format(path: Path) -> Format | None:
    """Return the format of a model by its file's suffix; a folder is a SavedModel."""
    suffix = "" if path.is_dir() else path.suffix or None
    return next((export_format for export_format in FORMATS if Path(export_format.file).suffix == suffix), None)
