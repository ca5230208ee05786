"""How much arithmetic a training is."""

import keras

from digits.models.build import multiply_adds, of_layer


def operations(model: keras.Model) -> int:
    """Floating-point ones, to train on one image: each product and sum forwards, and as much again for the gradient of
    the weights and for that of what came in, which for the first layer nobody asks for."""
    first = next(of_layer(layer) for layer in model.layers if of_layer(layer))
    return 6 * multiply_adds(model) - 2 * first
