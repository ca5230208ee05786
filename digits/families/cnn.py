"""blocks × (convolutions, pool), then Flatten, Dense, Dropout."""

from keras import layers

from digits.params.cnn import Cnn as Hyperparameters

__all__ = ["Hyperparameters", "body"]


def body(chosen: Hyperparameters, shape: tuple[int, int, int]) -> list[layers.Layer]:
    stack: list[layers.Layer] = []
    side, stride = min(shape[:2]), chosen.stem_stride
    for block in range(chosen.blocks):
        for last in (*[False] * (chosen.convolutions - 1), True):
            # Small images: keep the borders, and stop pooling, rather than run out of pixels.
            fits = side > chosen.kernel
            filters, padding = chosen.filters * 2**block, "valid" if fits else "same"
            stack += [layers.Conv2D(filters, chosen.kernel, stride, padding, use_bias=not chosen.batch_norm)]
            side = (side - (chosen.kernel - 1 if fits else 0) - 1) // stride + 1
            # A stride of the first convolution takes the place of the first block's pooling.
            if last and side >= 2 and not (block == 0 and chosen.stem_stride > 1):
                # ReLU commutes with the maximum: pooling first gives the same for a quarter of the work.
                stack += [layers.MaxPooling2D()]
                side //= 2
            stack += normalised_relu(chosen)
            stride = 1
    stack += [layers.Flatten(), layers.Dense(chosen.dense, use_bias=not chosen.batch_norm)]
    return [*stack, *normalised_relu(chosen), layers.Dropout(chosen.dropout)]


def normalised_relu(chosen: Hyperparameters) -> list[layers.Layer]:
    return [layers.BatchNormalization(), layers.ReLU()] if chosen.batch_norm else [layers.ReLU()]
