"""blocks × (Conv, pool), then Flatten, Dense, Dropout."""

from keras import layers

from digits.params.cnn import Cnn as Hyperparameters

__all__ = ["Hyperparameters", "body"]


def body(chosen: Hyperparameters, shape: tuple[int, int, int]) -> list[layers.Layer]:
    stack: list[layers.Layer] = []
    side = min(shape[:2])
    for block in range(chosen.blocks):
        # Small images: keep the borders, and stop pooling, rather than run out of pixels.
        fits = side > chosen.kernel
        padding = "valid" if fits else "same"
        filters = chosen.filters * 2**block
        stack += [layers.Conv2D(filters, chosen.kernel, padding=padding, use_bias=not chosen.batch_norm)]
        side -= chosen.kernel - 1 if fits else 0
        if side >= 2:
            # ReLU commutes with the maximum: pooling first gives the same for a quarter of the work.
            stack += [layers.MaxPooling2D()]
            side //= 2
        stack += normalised_relu(chosen)
    stack += [layers.Flatten(), layers.Dense(chosen.dense, use_bias=not chosen.batch_norm)]
    return [*stack, *normalised_relu(chosen), layers.Dropout(chosen.dropout)]


def normalised_relu(chosen: Hyperparameters) -> list[layers.Layer]:
    return [layers.BatchNormalization(), layers.ReLU()] if chosen.batch_norm else [layers.ReLU()]
