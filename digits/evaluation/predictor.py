"""A stored model as a function of images: one graph, whatever their number."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from digits.models.keras_file import load, rebuilt
from digits.models.kernels import fast


def load_predictor(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    model = rebuilt(load(path), fast)
    pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
    graph = tf.function(lambda images: model(images, training=False), input_signature=[pixels])
    return lambda images: graph(images.astype(np.float32)).numpy()
