"""Write a SavedModel whose signature also returns the name of the likeliest class.

Keras's own export would store the weights twice.
"""

from pathlib import Path

import keras
import tensorflow as tf


def save(model: keras.Model, classes: tuple[str, ...], folder: Path) -> None:
    """Write a SavedModel that takes float32 pixels from 0 to 255.

    TensorFlow numbers its functions per process: the same steps in a new process write the same bytes.
    """
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="images")

    @tf.function(input_signature=[pixels])
    def answer(images: tf.Tensor) -> dict[str, tf.Tensor]:  # renaming it would change the file's bytes
        probabilities = model(images, training=False)
        names = tf.gather(tf.constant(classes), tf.argmax(probabilities, axis=1))
        return {"probabilities": probabilities, "class": names}

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]  # without Dropout's random state
    tf.saved_model.save(module, folder, signatures={"serving_default": answer})
    (folder / "fingerprint.pb").unlink()  # it contains a random number
