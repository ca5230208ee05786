"""The model as MLflow serves it: raw images in, class names and probabilities out. MLflow keeps this file beside it."""

import json
import os
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd

BATCH = 500  # as `evaluate` asks


class Classifier(mlflow.pyfunc.PythonModel):
    def load_context(self, context: mlflow.pyfunc.PythonModelContext) -> None:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras
        import tensorflow as tf

        model = keras.models.load_model(context.artifacts["model"], compile=False)
        pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
        # Keras's own `predict` takes 80 ms and more for a single image.
        self.graph = tf.function(
            lambda images: model(images, training=False), input_signature=[pixels], autograph=False
        )
        self.classes = np.array(json.loads(Path(context.artifacts["classes"]).read_text(encoding="utf-8")))

    # Its type, for MLflow warns of one without; any other would be taken for a schema, which the signature is.
    def predict(self, context, model_input: np.ndarray, params=None):  # noqa: ARG002
        images = np.asarray(model_input, np.float32)
        batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        probabilities = np.concatenate([self.graph(batch) for batch in batches])
        table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in self.classes])
        table.insert(0, "class", self.classes[probabilities.argmax(axis=1)])
        return table


mlflow.models.set_model(Classifier())
