"""Serve a model with MLflow: raw images in, class names and probabilities out. MLflow stores a copy of this file."""

import json
import os
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pandas as pd

BATCH_SIZE = 500  # the same as in `evaluate`


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

    # These type hints are what MLflow accepts; the schema is in the signature.
    def predict(self, context, model_input: np.ndarray, params=None):  # noqa: ARG002
        images = np.asarray(model_input, np.float32)
        batches = [images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE)]
        probabilities = np.concatenate([self.graph(batch) for batch in batches])
        table = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in self.classes])
        table.insert(0, "class", self.classes[probabilities.argmax(axis=1)])
        return table


mlflow.models.set_model(Classifier())
