"""A SavedModel whose signature names the likeliest class, too. Keras's own export would keep the weights twice."""

from pathlib import Path

import keras
import tensorflow as tf


def save(model: keras.Model, classes: tuple[str, ...], folder: Path) -> None:
    """Its signature takes raw pixels, 0 to 255, as float32; it returns the probabilities and the likeliest class.

    TensorFlow numbers functions by how many the process has made: the same steps in a new process give the same bytes.
    """
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")

    @tf.function(input_signature=[pixels])
    def answer(images: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = model(images, training=False)
        names = tf.gather(tf.constant(classes), tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "class": names}

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]  # without Dropout's random state
    tf.saved_model.save(module, folder, signatures={"serving_default": answer})
    (folder / "fingerprint.pb").unlink()  # it holds a random number
