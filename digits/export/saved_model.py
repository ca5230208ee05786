"""A SavedModel that depends on the model alone: equal models are equal files, to the last byte.

TensorFlow writes other bytes each time: fingerprint.pb holds a random number, and functions and their arguments are
named by a count of all that the process has made. Keras's own export, moreover, keeps the weights twice.
"""

import re
from pathlib import Path

import keras
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

NUMBERED = re.compile(r'(?<="__inference_)(\w+_)(\d+)(?=")')


def save(model: keras.Model, classes: tuple[str, ...], folder: Path) -> None:
    """Its signature takes raw pixels, 0 to 255, as float32; it returns the probabilities and the likeliest class."""
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")

    @tf.function(input_signature=[pixels])
    def answer(images: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = model(images, training=False)
        names = tf.gather(tf.constant(classes), tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "class": names}

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]  # without Dropout's random state
    tf.saved_model.save(module, folder, signatures={"serving_default": answer})
    (folder / "fingerprint.pb").unlink()
    graph = folder / "saved_model.pb"
    graph.write_bytes(without_counts(graph.read_bytes()))


def without_counts(graph: bytes) -> bytes:
    """Functions are numbered from 1 in the order they were made, and sorted; arguments lose their numbered names."""
    text = text_format.MessageToString(SavedModel.FromString(graph))
    made = sorted({int(number) for _, number in NUMBERED.findall(text)})
    text = NUMBERED.sub(lambda name: f"{name[1]}{made.index(int(name[2])) + 1}", text)
    clean = text_format.Parse(text, SavedModel())
    [meta_graph] = clean.meta_graphs
    functions = meta_graph.graph_def.library.function
    functions.sort(key=lambda function: function.signature.name)
    for function in functions:
        for argument in function.arg_attr.values():
            argument.attr.pop("_user_specified_name", None)
    return clean.SerializeToString(deterministic=True)
